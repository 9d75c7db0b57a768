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
