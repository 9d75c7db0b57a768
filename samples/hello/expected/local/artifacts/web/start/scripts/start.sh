#!/usr/bin/env bash
# Start the server in the background and wait until it answers.
# TOSCA_ADDRESS is where this machine is to be reached, if that is known; else all addresses serve.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/hello"
address="${TOSCA_ADDRESS:-0.0.0.0}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

cp "$here/server.py" "$home/server.py"
rm -f "$home/server.pid"
nohup python3 "$home/server.py" "$address" "$port" "$home/index.html" "$home/server.pid" \
  >"$home/server.log" 2>&1 </dev/null &
server=$!

for _ in $(seq 400); do
  if [ -s "$home/server.pid" ]; then
    [ "$address" != 0.0.0.0 ] || address=127.0.0.1
    url="http://$address:$port/"
    echo "the page is at $url"
    if [ -n "${TOSCA_OUTPUT:-}" ]; then
      echo "url=$url" >>"$TOSCA_OUTPUT"
    fi
    exit 0
  fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.05
done
echo "the server did not start:" >&2
tail -n 5 "$home/server.log" >&2
kill "$server" 2>/dev/null || true
exit 1
