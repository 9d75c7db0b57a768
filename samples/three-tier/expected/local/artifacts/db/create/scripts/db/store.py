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
