#!/usr/bin/env bash
# Write the page. The server reads it for every request, so a new greeting shows at once.
set -euo pipefail

python3 - "$greeting" >"${TOSCA_ROOT:-}/opt/hello/index.html.new" <<'PAGE'
import html
import sys

text = html.escape(sys.argv[1])
print(f"<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>{text}</title></head>")
print(f"<body><h1>{text}</h1></body></html>")
PAGE
mv "${TOSCA_ROOT:-}/opt/hello/index.html.new" "${TOSCA_ROOT:-}/opt/hello/index.html"
