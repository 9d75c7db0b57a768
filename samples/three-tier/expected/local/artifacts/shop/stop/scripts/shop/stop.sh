#!/usr/bin/env bash
# Have the shop served no more.
set -euo pipefail

rm -f "${TOSCA_ROOT:-}/opt/web/applications/$context_root/enabled"
