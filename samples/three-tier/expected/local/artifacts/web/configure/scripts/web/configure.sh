#!/usr/bin/env bash
# Write the page that says what this server is.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web"
printf '<!DOCTYPE html>\n<p>A web server on port %s. Its applications are below.</p>\n' "$port" \
  >"$home/index.html"
