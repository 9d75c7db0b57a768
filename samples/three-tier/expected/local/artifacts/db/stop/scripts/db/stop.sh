#!/usr/bin/env bash
# Stop the store. To stop what is not running is no mistake.
set -euo pipefail

pid_file="${TOSCA_ROOT:-}/opt/store/store.pid"
[ -f "$pid_file" ] || exit 0
process="$(cat "$pid_file")"

# A process that has ended and that nobody has asked about yet still has its number.
runs() {
  kill -0 "$process" 2>/dev/null && [ "$(ps -o stat= -p "$process" 2>/dev/null | cut -c 1)" != Z ]
}

kill "$process" 2>/dev/null || true
for _ in $(seq 100); do
  runs || break
  sleep 0.05
done
kill -9 "$process" 2>/dev/null || true
rm -f "$pid_file"
