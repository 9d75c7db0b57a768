#!/usr/bin/env bash
# Remove the store. The data stays on the volume, and goes with it.
set -euo pipefail

rm -rf "${TOSCA_ROOT:-}/opt/store"
