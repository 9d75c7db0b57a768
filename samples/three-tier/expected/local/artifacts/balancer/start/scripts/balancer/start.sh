#!/usr/bin/env bash
# Start the balancer in the background and wait until it serves its port.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/balancer"
address="${TOSCA_ADDRESS:-0.0.0.0}"
rm -f "$home/balancer.pid"
nohup python3 "$home/balancer.py" "$address" "$port" "$home/balancer.json" \
  "$home/balancer.pid" >"$home/balancer.log" 2>&1 </dev/null &
balancer=$!

for _ in $(seq 400); do
  if [ -s "$home/balancer.pid" ]; then
    [ "$address" != 0.0.0.0 ] || address=127.0.0.1
    echo "the balancer serves port $port"
    if [ -n "${TOSCA_OUTPUT:-}" ]; then
      echo "url=http://$address:$port/" >>"$TOSCA_OUTPUT"
    fi
    exit 0
  fi
  kill -0 "$balancer" 2>/dev/null || break
  sleep 0.05
done
echo "the balancer did not start:" >&2
tail -n 5 "$home/balancer.log" >&2
kill "$balancer" 2>/dev/null || true
exit 1
