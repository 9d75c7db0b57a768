#!/usr/bin/env bash
# Start the store in the background and wait until it serves its port.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/store"
rm -f "$home/store.pid"
nohup python3 "$home/store.py" "${TOSCA_ADDRESS:-0.0.0.0}" "$port" "$home/store.json" \
  "$home/store.pid" >"$home/store.log" 2>&1 </dev/null &
store=$!

for _ in $(seq 400); do
  if [ -s "$home/store.pid" ]; then
    echo "the store serves port $port"
    exit 0
  fi
  kill -0 "$store" 2>/dev/null || break
  sleep 0.05
done
echo "the store did not start:" >&2
tail -n 5 "$home/store.log" >&2
kill "$store" 2>/dev/null || true
exit 1
