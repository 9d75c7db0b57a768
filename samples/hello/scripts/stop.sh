#!/usr/bin/env bash
# Stop the server. To stop what is not running is no mistake.
set -euo pipefail

pid_file="${TOSCA_ROOT:-}/opt/hello/server.pid"
[ -f "$pid_file" ] || exit 0
server="$(cat "$pid_file")"
for _ in $(seq 50); do
  kill "$server" 2>/dev/null || break
  sleep 0.1
done
kill -9 "$server" 2>/dev/null || true
rm -f "$pid_file"
