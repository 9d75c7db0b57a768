"""A urllib opener that follows no one to a host that is not public."""

import http.client
import ipaddress
import socket
import urllib.request
from collections.abc import Callable
from typing import IO, TypeAlias
from urllib.parse import urlsplit

MayBePrivate: TypeAlias = Callable[[str], bool]
"""Whether an address may lead to a host that is not public."""


class Forbidden(Exception):
    """An address leads where it may not."""


def opener(may_be_private: MayBePrivate) -> urllib.request.OpenerDirector:
    """An opener for http and https that checks each address it is sent to, redirections too."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Checked(may_be_private),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        made.add_handler(handler)
    return made


class _Checked(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens connections whose peer is checked before anything is sent over them."""

    def __init__(self, may_be_private: MayBePrivate) -> None:
        super().__init__()
        self._may_be_private = may_be_private

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        checked = self._is_checked_by_peer(req)
        return self.do_open(_PublicConnection if checked else http.client.HTTPConnection, req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        checked = self._is_checked_by_peer(req)
        return self.do_open(
            _PublicSecureConnection if checked else http.client.HTTPSConnection, req
        )

    def _is_checked_by_peer(self, request: urllib.request.Request) -> bool:
        """Whether the connection must check its peer; behind a proxy only the name can be."""
        if self._may_be_private(request.full_url):
            return False
        if request.has_proxy() or getattr(request, "_tunnel_host", None):
            parts = urlsplit(request.full_url)
            _check_name(parts.hostname or "", parts.port or 443)
            return False
        return True


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in {"http", "https"}:
            raise Forbidden(f"it redirects to `{newurl}`")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _PublicConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        _check_name(self.host, self.port)
        super().connect()
        _check_peer(self.host, self.sock)


class _PublicSecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _check_name(self.host, self.port)
        super().connect()
        _check_peer(self.host, self.sock)


def _check_name(host: str, port: int) -> None:
    """Refuses a host before anything is sent to it. Raises `Forbidden` and `OSError`."""
    for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        _check(host, str(where[0]))


def _check_peer(host: str, sock: socket.socket) -> None:
    # The name may have changed its meaning since it was checked.
    _check(host, str(sock.getpeername()[0]))


def _check(host: str, address: str) -> None:
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        number = number.ipv4_mapped
    if not number.is_global or number.is_multicast:
        raise Forbidden(f"`{host}` is not a public host ({number})")
