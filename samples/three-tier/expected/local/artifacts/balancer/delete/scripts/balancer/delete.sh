#!/usr/bin/env bash
# Remove the balancer.
set -euo pipefail

rm -rf "${TOSCA_ROOT:-}/opt/balancer"
