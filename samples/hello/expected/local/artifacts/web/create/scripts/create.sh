#!/usr/bin/env bash
# Make the folder of the web server. TOSCA_ROOT stands for / where several servers share a machine.
set -euo pipefail

mkdir -p "${TOSCA_ROOT:-}/opt/hello"
