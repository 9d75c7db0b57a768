"""Files from the web: over http(s), not too large, not too slow, not from private hosts."""

from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toscactl.errors import CannotRead

if TYPE_CHECKING:
    import http.client

_MAX_BYTES = 8 * 2**20
_TIMEOUT = 10.0
"""Seconds to wait for any one answer."""
_DEADLINE = 60.0
"""Seconds for a whole file."""
_BUDGET = 180.0
"""Seconds for all files together."""


class Web:
    """Reads addresses. Hosts that are not public are read only if their origin was trusted."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline
        self._trusted: set[tuple[str, str]] = set()
        self._contents: dict[str, bytes] = {}
        self._spent = 0.0

    def trust(self, address: str) -> None:
        """Lets this origin be read wherever it is: a file of the user names it."""
        self._trusted.add(_origin(address))

    def trusts(self, address: str) -> bool:
        """Whether this origin may be read wherever it is."""
        return _origin(address) in self._trusted

    def check(self, address: str) -> None:
        """Refuses what can be seen to be private without asking. Raises `CannotRead`."""
        from ipaddress import ip_address

        host = urlsplit(address).hostname or ""
        try:
            public = ip_address(host).is_global
        except ValueError:
            public = host not in {"", "localhost"} and not host.endswith(".localhost")
        if not public:
            raise CannotRead(f"`{address}` is not fetched: `{host}` is not a public host")

    def read(self, address: str) -> bytes:
        """The content at an address. Raises `CannotRead`."""
        if self._offline:
            raise CannotRead(
                f"`{address}` is not fetched: working offline",
                hint="leave out --offline, or keep a copy beside the service",
            )
        if address not in self._contents:
            if self._spent > _BUDGET:
                raise CannotRead(f"`{address}` is not fetched: others took {self._spent:.0f} s")
            began = monotonic()
            try:
                self._contents[address] = self._fetch(address)
            finally:
                self._spent += monotonic() - began
        return self._contents[address]

    def _fetch(self, address: str) -> bytes:
        # Not free, and most services import nothing remote.
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError

        from toscactl.loading.web_opener import Forbidden, opener

        try:
            with opener(self.trusts).open(address, timeout=_TIMEOUT) as answer:
                return _read_all(address, answer)
        except HTTPError as error:
            error.close()  # it holds the answer
            raise CannotRead(f"`{address}` cannot be read: {error.code} {error.reason}") from error
        except Forbidden as error:
            raise CannotRead(f"`{address}` is not fetched: {error}") from error
        except URLError as error:
            why = getattr(error.reason, "strerror", None) or error.reason
            raise CannotRead(f"`{address}` cannot be read: {why}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise CannotRead(f"`{address}` cannot be read: {error}") from error


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return (parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower())


def _read_all(address: str, answer: "http.client.HTTPResponse") -> bytes:
    end = monotonic() + _DEADLINE
    content = bytearray()
    while chunk := answer.read1(2**16):
        content += chunk
        if len(content) > _MAX_BYTES:
            raise CannotRead(f"`{address}` is larger than {_MAX_BYTES:,} bytes")
        if monotonic() > end:
            raise CannotRead(f"`{address}` did not arrive within {_DEADLINE:.0f} seconds")
    return bytes(content)
