#!/usr/bin/env bash
# Stop the store. To stop what is not running is no mistake.
set -euo pipefail

pid_file="${TOSCA_ROOT:-}/opt/store/store.pid"
[ -f "$pid_file" ] || exit 0
process="$(cat "$pid_file")"
for _ in $(seq 50); do
  kill "$process" 2>/dev/null || break
  sleep 0.1
done
kill -9 "$process" 2>/dev/null || true
rm -f "$pid_file"
