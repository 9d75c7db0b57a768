# Sets up db_server; made by toscactl.
set -eu
work=/var/lib/toscactl
mkdir -p -m 700 "$work" "$work/outputs"

# The volume that it has as db_volume.
volume="$v2"
location="$v1"
device=
for _ in $(seq 300); do
    for link in /dev/disk/by-id/*"$(printf %.20s "$volume")"* /dev/disk/by-id/*"${volume//-/}"; do
        if [ -b "$link" ]; then device=$(readlink -f "$link"); break 2; fi
    done
    sleep 2
done
[ -n "$device" ] || { echo "volume $volume did not appear" >&2; exit 1; }
[ -n "$(blkid -o value -s TYPE "$device")" ] || mkfs.ext4 -q "$device"
mkdir -p "$location"
mountpoint -q "$location" || mount "$device" "$location"
printf 'UUID=%s %s auto defaults,nofail 0 2\n' \
    "$(blkid -o value -s UUID "$device")" "${location// /\\040}" >> /etc/fstab

# Operation create of db.
rm -rf "$work"/db/create; mkdir -p -m 700 "$work"/db/create; cd "$work"/db/create
mkdir -p scripts/db
cat > scripts/db/create.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Install the store and make the folder for its data on the volume.
# TOSCA_ROOT stands for / where several servers share a machine; on a server of its own it is unset.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/store"
data="${TOSCA_ROOT:-}$data_path"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

mkdir -p "$home" "$data/tables"
cp "$here/store.py" "$home/store.py"
echo "the data will be in $data"
END_OF_FILE
chmod 700 scripts/db/create.sh
mkdir -p scripts/db
cat > scripts/db/store.py <<'END_OF_FILE'
"""A small database server: tables of counters in SQLite files, over HTTP and JSON.

    python3 store.py ADDRESS PORT CONFIGURATION PID_FILE

    PUT    /tables/NAME              make a table; the body names a user and a password
    DELETE /tables/NAME              remove it
    GET    /tables/NAME/KEY          a counter
    POST   /tables/NAME/KEY          add what the body says (`{"add": 1}`), answer with the sum

Tables are made and removed by `root`; counters are for the user of the table.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """A request that cannot be answered: status and sentence."""


class Store:
    def __init__(self, configuration):
        self.folder = Path(configuration["data"])
        self.root_password = configuration["root_password"]
        self.lock = threading.Lock()

    def _path(self, table):
        if not NAME.fullmatch(table):
            raise Refused(400, "that is no name for a table")
        return self.folder / f"{table}.sqlite"

    def _open(self, table):
        path = self._path(table)
        if not path.exists():
            raise Refused(404, f"there is no table {table}")
        return sqlite3.connect(path)

    def make(self, table, user, password):
        salt = os.urandom(16)
        with self.lock, sqlite3.connect(self._path(table)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, sum INTEGER)")
            database.execute("CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, salt BLOB, hash BLOB)")
            database.execute("DELETE FROM users")
            database.execute("INSERT INTO users VALUES (?, ?, ?)", (user, salt, digest(password, salt)))

    def drop(self, table):
        with self.lock:
            self._path(table).unlink(missing_ok=True)

    def allow(self, table, user, password):
        with self.lock, self._open(table) as database:
            row = database.execute("SELECT salt, hash FROM users WHERE name = ?", (user,)).fetchone()
        if row is None or not hmac.compare_digest(digest(password, row[0]), row[1]):
            raise Refused(401, "wrong user or password")

    def add(self, table, key, amount):
        with self.lock, self._open(table) as database:
            database.execute("INSERT OR IGNORE INTO counters VALUES (?, 0)", (key,))
            database.execute("UPDATE counters SET sum = sum + ? WHERE name = ?", (amount, key))
            return database.execute("SELECT sum FROM counters WHERE name = ?", (key,)).fetchone()[0]


def digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1000)


def handler(store):
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            try:
                status, body = self.handle_request()
            except Refused as refused:
                status, sentence = refused.args
                body = {"error": sentence}
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def handle_request(self):
            parts = self.path.strip("/").split("/")
            if parts == ["health"]:
                return 200, {"ok": True}
            if parts[0] != "tables" or len(parts) not in (2, 3):
                raise Refused(404, "there is nothing here")
            size = int(self.headers.get("Content-Length") or 0)
            try:
                body = json.loads(self.rfile.read(size) or b"{}")
            except ValueError:
                raise Refused(400, "the body is not JSON") from None
            user, password = self.credentials()
            if len(parts) == 2:
                return self.table(parts[1], body, user, password)
            store.allow(parts[1], user, password)
            amount = int(body.get("add", 1)) if self.command == "POST" else 0
            return 200, {"value": store.add(parts[1], parts[2], amount)}

        def table(self, name, body, user, password):
            if user != "root" or not hmac.compare_digest(
                password.encode(), store.root_password.encode()
            ):
                raise Refused(401, "only root may do this")
            if self.command == "PUT":
                store.make(name, str(body["user"]), str(body["password"]))
                return 201, {"made": name}
            if self.command == "DELETE":
                store.drop(name)
                return 200, {"removed": name}
            raise Refused(405, "PUT or DELETE")

        def credentials(self):
            kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
            if kind != "Basic":
                raise Refused(401, "who are you?")
            try:
                user, _, password = base64.b64decode(encoded).decode().partition(":")
            except ValueError:
                raise Refused(400, "the credentials cannot be read") from None
            return user, password

        def log_message(self, *args):
            pass

    return Handler


class Server(ThreadingHTTPServer):
    """An HTTP server that asks no name service for its own name."""

    def server_bind(self):
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


if __name__ == "__main__":
    address, port, configuration, pid_file = sys.argv[1:]
    store = Store(json.loads(Path(configuration).read_text(encoding="utf-8")))
    with Server((address, int(port)), handler(store)) as server:
        Path(pid_file).write_text(f"{os.getpid()}\n")
        server.serve_forever()
END_OF_FILE
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=db \
    TOSCA_INSTANCE=db_0 \
    TOSCA_TYPE=shop.nodes.Store \
    TOSCA_OP=create \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=db_server \
    data_path="$v1" \
    ./scripts/db/create.sh

# Operation configure of db.
rm -rf "$work"/db/configure; mkdir -p -m 700 "$work"/db/configure; cd "$work"/db/configure
mkdir -p scripts/db
cat > scripts/db/configure.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Write the configuration of the store: where its data is, and who may administer it.
set -euo pipefail

home="${TOSCA_ROOT:-}/opt/store"
umask 077
data="${TOSCA_ROOT:-}$data_path" python3 - "$home/store.json.new" <<'CONFIGURE'
import json
import os
import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(
        {"data": os.environ["data"] + "/tables", "root_password": os.environ["root_password"]},
        file,
    )
CONFIGURE
mv "$home/store.json.new" "$home/store.json"
END_OF_FILE
chmod 700 scripts/db/configure.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=db \
    TOSCA_INSTANCE=db_0 \
    TOSCA_TYPE=shop.nodes.Store \
    TOSCA_OP=configure \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=db_server \
    data_path="$v1" \
    port="$v3" \
    root_password="$v4" \
    ./scripts/db/configure.sh

# Operation start of db.
rm -rf "$work"/db/start; mkdir -p -m 700 "$work"/db/start; cd "$work"/db/start
mkdir -p scripts/db
cat > scripts/db/start.sh <<'END_OF_FILE'
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
END_OF_FILE
chmod 700 scripts/db/start.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=db \
    TOSCA_INSTANCE=db_0 \
    TOSCA_TYPE=shop.nodes.Store \
    TOSCA_OP=start \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=db_server \
    port="$v3" \
    timeout -k 10 60 ./scripts/db/start.sh

# Operation create of shop_db.
rm -rf "$work"/shop_db/create; mkdir -p -m 700 "$work"/shop_db/create; cd "$work"/shop_db/create
mkdir -p scripts/shop_db
cat > scripts/shop_db/create.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Make the shop's table and the user who may write to it. The store runs on this very server.
set -euo pipefail

python3 - <<'ASK'
import base64
import json
import os
import urllib.request

store = f"http://127.0.0.1:{os.environ['db_port']}"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, path, user, password, body):
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(
        store + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Basic {credentials}"},
        method=method,
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


name = os.environ["name"]
who = {"user": os.environ["user"], "password": os.environ["password"]}
ask("PUT", f"/tables/{name}", "root", os.environ["root_password"], who)
print(f"made the table {name}")
ASK
END_OF_FILE
chmod 700 scripts/shop_db/create.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=shop_db \
    TOSCA_INSTANCE=shop_db_0 \
    TOSCA_TYPE=shop.nodes.Table \
    TOSCA_OP=create \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=db_server \
    name=shop \
    user=shop \
    password="$v4" \
    db_port="$v3" \
    root_password="$v4" \
    ./scripts/shop_db/create.sh

# Operation configure of shop_db.
rm -rf "$work"/shop_db/configure; mkdir -p -m 700 "$work"/shop_db/configure; cd "$work"/shop_db/configure
mkdir -p scripts/shop_db
cat > scripts/shop_db/configure.sh <<'END_OF_FILE'
#!/usr/bin/env bash
# Begin to count visits, as the user of the table.
set -euo pipefail

python3 - <<'ASK'
import base64
import json
import os
import urllib.request

store = f"http://127.0.0.1:{os.environ['db_port']}"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, path, user, password, body):
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(
        store + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Basic {credentials}"},
        method=method,
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


name = os.environ["name"]
who = os.environ["user"], os.environ["password"]
visits = ask("POST", f"/tables/{name}/visits", *who, {"add": 0})["value"]
print(f"the table {name} has counted {visits} visits")
ASK
END_OF_FILE
chmod 700 scripts/shop_db/configure.sh
export TOSCA_OUTPUT="$PWD/.output"; : > "$TOSCA_OUTPUT"
env \
    TOSCA_DEPLOYMENT=three-tier \
    TOSCA_NODE=shop_db \
    TOSCA_INSTANCE=shop_db_0 \
    TOSCA_TYPE=shop.nodes.Table \
    TOSCA_OP=configure \
    TOSCA_INTERFACE=Standard \
    TOSCA_HOST=db_server \
    name=shop \
    user=shop \
    password="$v4" \
    db_port="$v3" \
    root_password="$v4" \
    ./scripts/shop_db/configure.sh

echo "this server is set up"
