# Sets up server; made by toscactl.
set -eu
work=/var/lib/toscactl
mkdir -p -m 700 "$work" "$work/outputs"

# Operation create of web.
rm -rf "$work"/web/create; mkdir -p -m 700 "$work"/web/create; cd "$work"/web/create
mkdir -p scripts
cat > scripts/create.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Make the folder of the web server. TOSCA_ROOT stands for / where several servers share a machine.
set -euo pipefail

mkdir -p "${TOSCA_ROOT:-}/opt/hello"
END_OF_FILE
chmod 700 scripts/create.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=hello \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=hello.nodes.Web \
    TOSCA_OP=create \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=server \
    ./scripts/create.sh

# Operation configure of web.
rm -rf "$work"/web/configure; mkdir -p -m 700 "$work"/web/configure; cd "$work"/web/configure
mkdir -p scripts
cat > scripts/configure.sh <<'END_OF_FILE'
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
END_OF_FILE
chmod 700 scripts/configure.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=hello \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=hello.nodes.Web \
    TOSCA_OP=configure \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=server \
    greeting="$v1" \
    port="$v2" \
    ./scripts/configure.sh

# Operation start of web.
rm -rf "$work"/web/start; mkdir -p -m 700 "$work"/web/start; cd "$work"/web/start
mkdir -p scripts
cat > scripts/start.sh <<'END_OF_FILE'
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
END_OF_FILE
chmod 700 scripts/start.sh
mkdir -p scripts
cat > scripts/server.py <<'END_OF_FILE'
"""Serves one page: python3 server.py ADDRESS PORT PAGE PID_FILE.

The file for the process id is written as soon as the port is taken.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer


def handler(page):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/":
                self.send_error(404)
                return
            body = page.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    return Handler


class Server(ThreadingHTTPServer):
    """An HTTP server that asks no name service for its own name."""

    def server_bind(self):
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


if __name__ == "__main__":
    address, port, page, pid_file = sys.argv[1:]
    with Server((address, int(port)), handler(Path(page))) as server:
        Path(pid_file).write_text(f"{os.getpid()}\n")
        server.serve_forever()
END_OF_FILE
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=hello \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=hello.nodes.Web \
    TOSCA_OP=start \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=server \
    port="$v2" \
    timeout -k 10 60 ./scripts/start.sh
python3 - "$TOSCA_OUTPUT" "$work/outputs" url:web_start_url <<'END_OF_PROGRAM'
import json, os, sys
source, folder, *names = sys.argv[1:]
text = open(source).read()
try:
    found = dict(json.loads(text))
except (TypeError, ValueError):
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
for name in names:
    output, _, file = name.rpartition(":")
    if output in found:
        value = found[output]
        with open(os.path.join(folder, file), "w") as stream:
            stream.write(value if isinstance(value, str) else json.dumps(value))
END_OF_PROGRAM

echo "this server is set up"
