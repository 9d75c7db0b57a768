# Sets up web_server; made by toscactl.
set -eu
work=/var/lib/toscactl
mkdir -p -m 700 "$work" "$work/outputs"

# Operation create of web.
rm -rf "$work"/web/create; mkdir -p -m 700 "$work"/web/create; cd "$work"/web/create
mkdir -p scripts/web
cat > scripts/web/create.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Install the web server, with a folder for applications.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home/applications"
cp "$here/server.py" "$home/server.py"
END_OF_FILE
chmod 700 scripts/web/create.sh
mkdir -p scripts/web
cat > scripts/web/server.py <<'END_OF_FILE'
"""A small web server that serves the applications put into it.

    python3 server.py ADDRESS PORT HOME PID_FILE

An application is a folder HOME/applications/NAME with `application.py`, which has a function
`respond(configuration, path)` that gives status, media type and text; with `application.json`,
its configuration; and with a file `enabled` while it is to be served, at /NAME/.
"""

import json
import os
import re
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

NAME = re.compile(r"[A-Za-z0-9_-]+")


def respond(home, path):
    """Status, media type and text for a path."""
    name, _, rest = path.lstrip("/").partition("/")
    if not name:
        return 200, "text/html", (home / "index.html").read_text(encoding="utf-8")
    folder = home / "applications" / name
    if not NAME.fullmatch(name) or not (folder / "enabled").exists():
        return 404, "text/plain", "there is nothing here\n"
    program = folder / "application.py"
    configuration = json.loads((folder / "application.json").read_text(encoding="utf-8"))
    application = {"__name__": name, "__file__": str(program)}
    exec(compile(program.read_text(encoding="utf-8"), str(program), "exec"), application)
    return application["respond"](configuration, f"/{rest}")


def handler(home):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                status, media_type, text = respond(home, self.path.partition("?")[0])
            except Exception:
                traceback.print_exc()
                status, media_type, text = 500, "text/plain", "the application failed\n"
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{media_type}; charset=utf-8")
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
    address, port, home, pid_file = sys.argv[1:]
    with Server((address, int(port)), handler(Path(home))) as server:
        Path(pid_file).write_text(f"{os.getpid()}\n")
        server.serve_forever()
END_OF_FILE
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=shop.nodes.Web \
    TOSCA_OP=create \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    ./scripts/web/create.sh

# Operation configure of web.
rm -rf "$work"/web/configure; mkdir -p -m 700 "$work"/web/configure; cd "$work"/web/configure
mkdir -p scripts/web
cat > scripts/web/configure.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Write the page that says what this server is.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web"
printf '<!DOCTYPE html>\n<p>A web server on port %s. Its applications are below.</p>\n' "$port" \
  >"$home/index.html"
END_OF_FILE
chmod 700 scripts/web/configure.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=shop.nodes.Web \
    TOSCA_OP=configure \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    port="$v1" \
    ./scripts/web/configure.sh

# Operation start of web.
rm -rf "$work"/web/start; mkdir -p -m 700 "$work"/web/start; cd "$work"/web/start
mkdir -p scripts/web
cat > scripts/web/start.sh <<'END_OF_FILE'
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
END_OF_FILE
chmod 700 scripts/web/start.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=web \
    TOSCA_INSTANCE=web_0 \
    TOSCA_TYPE=shop.nodes.Web \
    TOSCA_OP=start \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    port="$v1" \
    timeout -k 10 60 ./scripts/web/start.sh

# Operation create of shop.
rm -rf "$work"/shop/create; mkdir -p -m 700 "$work"/shop/create; cd "$work"/shop/create
mkdir -p scripts/shop
cat > scripts/shop/create.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Put the shop into the web server; it is not served yet.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web/applications/$context_root"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home"
cp "$here/shop.py" "$home/application.py"
END_OF_FILE
chmod 700 scripts/shop/create.sh
mkdir -p scripts/shop
cat > scripts/shop/shop.py <<'END_OF_FILE'
"""The shop: counts its visitors in the database."""

import base64
import json
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def count(configuration, amount):
    """Add to the number of visits, and get the sum."""
    credentials = f"{configuration['user']}:{configuration['password']}".encode()
    request = urllib.request.Request(
        f"{configuration['store']}/tables/{configuration['table']}/visits",
        data=json.dumps({"add": amount}).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(credentials).decode()},
        method="POST",
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)["value"]


def respond(configuration, path):
    if path == "/health":
        return 200, "text/plain", f"the shop is open; {count(configuration, 0)} visits so far\n"
    if path != "/":
        return 404, "text/plain", "there is nothing here\n"
    page = f"<!DOCTYPE html>\n<h1>The shop</h1>\n<p>You are visitor {count(configuration, 1)}.</p>\n"
    return 200, "text/html", page
END_OF_FILE
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=shop \
    TOSCA_INSTANCE=shop_0 \
    TOSCA_TYPE=shop.nodes.Shop \
    TOSCA_OP=create \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    context_root=shop \
    ./scripts/shop/create.sh

# Operation configure of shop.
rm -rf "$work"/shop/configure; mkdir -p -m 700 "$work"/shop/configure; cd "$work"/shop/configure
mkdir -p scripts/shop
cat > scripts/shop/configure.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Tell the shop where its database is.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/web/applications/$context_root"
umask 077
python3 - "$home/application.json.new" <<'CONFIGURE'
import json
import os
import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(
        {
            "store": f"http://{os.environ['db_host']}:{os.environ['db_port']}",
            "table": os.environ["db_name"],
            "user": os.environ["db_user"],
            "password": os.environ["db_password"],
        },
        file,
    )
CONFIGURE
mv "$home/application.json.new" "$home/application.json"
END_OF_FILE
chmod 700 scripts/shop/configure.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=shop \
    TOSCA_INSTANCE=shop_0 \
    TOSCA_TYPE=shop.nodes.Shop \
    TOSCA_OP=configure \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    context_root=shop \
    db_host="$v2" \
    db_port="$v3" \
    db_name=shop \
    db_user=shop \
    db_password="$v4" \
    ./scripts/shop/configure.sh

# Operation start of shop.
rm -rf "$work"/shop/start; mkdir -p -m 700 "$work"/shop/start; cd "$work"/shop/start
mkdir -p scripts/shop
cat > scripts/shop/start.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Have the shop served, and see that it answers.
set -euo pipefail

touch "${TOSCA_ROOT:-}/opt/web/applications/$context_root/enabled"
url="http://${TOSCA_ADDRESS:-127.0.0.1}:$port/$context_root/"
python3 - "$url" <<'ASK'
import sys
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1] + "health", timeout=10) as answer:
    print(answer.read().decode().strip())
ASK
if [ -n "${TOSCA_OUTPUT:-}" ]; then
  echo "url=$url" >>"$TOSCA_OUTPUT"
fi
END_OF_FILE
chmod 700 scripts/shop/start.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=shop \
    TOSCA_INSTANCE=shop_0 \
    TOSCA_TYPE=shop.nodes.Shop \
    TOSCA_OP=start \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=web_server \
    context_root=shop \
    port="$v1" \
    timeout -k 10 60 ./scripts/shop/start.sh
python3 - "$TOSCA_OUTPUT" "$work/outputs" url:shop_start_url <<'END_OF_PROGRAM'
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
