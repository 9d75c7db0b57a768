#!/usr/bin/env bash
# Install the balancer.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/balancer"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home"
cp "$here/balancer.py" "$home/balancer.py"
