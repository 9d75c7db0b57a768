#!/usr/bin/env bash
# Take the shop out of the web server.
set -euo pipefail

rm -rf "${TOSCA_ROOT:-}/opt/web/applications/$context_root"
