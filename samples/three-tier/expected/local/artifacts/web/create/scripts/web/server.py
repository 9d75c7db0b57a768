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
