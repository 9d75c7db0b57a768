#!/usr/bin/env bash
# Remove the web server.
set -euo pipefail

rm -rf "${TOSCA_ROOT:-}/opt/web"
