"""The other end of the `ctx` command: a socket on which running scripts ask and report.

One socket serves all operations of a driver; a caller is known by the marker in its environment.
Secrets go over it, but never to a file.
"""

import contextlib
import json
import shlex
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

CLIENT = Path(__file__).with_name("ctx_client.py")
ADDRESS = "TOSCACTL_CTX"
"""The environment variable that tells the `ctx` command where the socket is."""
_PATIENCE = 5.0
_LARGEST_QUESTION = 1 << 20

Answer = Callable[[Sequence[str], Path], str]
"""Takes the arguments of a `ctx` command and the folder where it was called, gives what it prints.
Raises `ValueError`, whose text is the answer to a wrong question."""


class Channel:
    """A listening socket in a private folder, until it is closed."""

    def __init__(self) -> None:
        # Not below the state: the address of a socket must be short.
        self._folder = tempfile.mkdtemp(prefix="toscactl-")
        self.address = str(Path(self._folder) / "ctx")
        self._answers: dict[str, Answer] = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.address)
        self._socket.listen(64)
        threading.Thread(target=self._serve, name="toscactl-ctx", daemon=True).start()

    @contextlib.contextmanager
    def open(self, marker: str, answer: Answer) -> Iterator[None]:
        """Answer the scripts of one operation."""
        self._answers[marker] = answer
        try:
            yield
        finally:
            del self._answers[marker]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed
            with connection:
                connection.settimeout(_PATIENCE)
                with contextlib.suppress(OSError):
                    connection.sendall(self._answer(_all(connection)))

    def _answer(self, question: bytes) -> bytes:
        try:
            asked = json.loads(question)
            answer = self._answers.get(asked["operation"], _over)
            printed = answer([str(item) for item in asked["arguments"]], Path(asked["folder"]))
        except (ValueError, KeyError, TypeError, OSError) as error:
            return json.dumps({"error": str(error)}).encode()
        return json.dumps({"text": printed}).encode()


def _over(_arguments: Sequence[str], _folder: Path) -> str:
    raise ValueError("the operation is over")


def _all(connection: socket.socket) -> bytes:
    data = b""
    while len(data) < _LARGEST_QUESTION and (part := connection.recv(65536)):
        data += part
    return data


def install(folder: Path) -> None:
    """Put the command `ctx` into a folder that is to be on the PATH of scripts."""
    folder.mkdir(mode=0o700, exist_ok=True)
    command = folder / "ctx"
    python, client = shlex.quote(sys.executable), shlex.quote(str(CLIENT))
    command.write_text(f'#!/bin/sh\nexec {python} -I -S {client} "$@"\n', "utf-8")
    command.chmod(0o700)
