#!/usr/bin/env bash
# Start the web server in the background and wait until it serves its port.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web"
rm -f "$home/web.pid"
nohup python3 "$home/server.py" "${TOSCA_ADDRESS:-0.0.0.0}" "$port" "$home" "$home/web.pid" \
  >"$home/web.log" 2>&1 </dev/null &
web=$!

for _ in $(seq 400); do
  if [ -s "$home/web.pid" ]; then
    echo "the web server serves port $port"
    exit 0
  fi
  kill -0 "$web" 2>/dev/null || break
  sleep 0.05
done
echo "the web server did not start:" >&2
tail -n 5 "$home/web.log" >&2
kill "$web" 2>/dev/null || true
exit 1
