#!/usr/bin/env bash
# Install the web server, with a folder for applications.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home/applications"
cp "$here/server.py" "$home/server.py"
