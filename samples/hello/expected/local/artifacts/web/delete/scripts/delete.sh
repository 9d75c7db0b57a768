#!/usr/bin/env bash
# Remove all that was made.
set -euo pipefail

rm -rf "${TOSCA_ROOT:-}/opt/hello"
