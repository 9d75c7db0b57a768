"""A small load balancer for HTTP: python3 balancer.py ADDRESS PORT CONFIGURATION PID_FILE.

Every request goes to the next server, or to a random one; one that does not answer is passed over.
"""

import itertools
import json
import os
import random
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

PASSED_ON = ("Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Servers:
    def __init__(self, configuration):
        self.servers = configuration["servers"]
        self.random = configuration["algorithm"] == "RANDOM"
        self.turns = itertools.count()
        self.lock = threading.Lock()

    def in_turn(self):
        """All servers, in the order in which they are to be tried."""
        if self.random:
            return random.sample(self.servers, len(self.servers))
        with self.lock:
            first = next(self.turns) % len(self.servers)
        return self.servers[first:] + self.servers[:first]


def handler(servers):
    class Handler(BaseHTTPRequestHandler):
        def forward(self):
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size) if size else None
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            headers["X-Forwarded-For"] = self.client_address[0]
            for server in servers.in_turn():
                request = urllib.request.Request(
                    server + self.path, data=body, headers=headers, method=self.command
                )
                try:
                    with opener.open(request, timeout=30) as answer:
                        return self.reply(answer.status, answer.headers, answer.read())
                except urllib.error.HTTPError as error:
                    return self.reply(error.code, error.headers, error.read())
                except OSError:
                    continue
            return self.reply(502, {"Content-Type": "text/plain"}, b"no server answers\n")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = forward

        def reply(self, status, headers, body):
            self.send_response(status)
            for name in ("Content-Type", "Location", "Set-Cookie"):
                if name in headers:
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
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
    address, port, configuration, pid_file = sys.argv[1:]
    servers = Servers(json.loads(Path(configuration).read_text(encoding="utf-8")))
    with Server((address, int(port)), handler(servers)) as server:
        Path(pid_file).write_text(f"{os.getpid()}\n")
        server.serve_forever()
