"""The command `ctx`, as scripts call it: hands its arguments to toscactl, prints the answer.

It stands alone: it is run with `python -I -S` and imports nothing but the standard library.
"""

import json
import os
import socket
import sys


def main() -> int:
    address = os.environ.get("TOSCACTL_CTX", "")
    question = {
        "operation": os.environ.get("TOSCACTL_OPERATION", ""),
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),  # noqa: PTH109  (pathlib is slow to import)
    }
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(address)
            connection.sendall(json.dumps(question).encode())
            connection.shutdown(socket.SHUT_WR)
            data = b"".join(iter(lambda: connection.recv(65536), b""))
        answer = json.loads(data)
    except (OSError, ValueError):
        sys.stderr.write("ctx: toscactl does not answer: only a running operation can ask\n")
        return 1
    if "error" in answer:
        sys.stderr.write(f"ctx: {answer['error']}\n")
        return 1
    if answer["text"]:
        sys.stdout.write(f"{answer['text']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
