#!/usr/bin/env bash
# Stop the server. To stop what is not running is no mistake.
set -euo pipefail

pid_file="${TOSCA_ROOT:-}/opt/hello/server.pid"
[ -f "$pid_file" ] || exit 0
server="$(cat "$pid_file")"

# A process that has ended and that nobody has asked about yet still has its number.
runs() {
  kill -0 "$server" 2>/dev/null && [ "$(ps -o stat= -p "$server" 2>/dev/null | cut -c 1)" != Z ]
}

kill "$server" 2>/dev/null || true
for _ in $(seq 100); do
  runs || break
  sleep 0.05
done
kill -9 "$server" 2>/dev/null || true
rm -f "$pid_file"
