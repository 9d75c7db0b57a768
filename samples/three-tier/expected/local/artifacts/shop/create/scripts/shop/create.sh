#!/usr/bin/env bash
# Put the shop into the web server; it is not served yet.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web/applications/$context_root"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home"
cp "$here/shop.py" "$home/application.py"
