"""A urllib opener that follows no one to a host that is not public."""

import http.client
import ipaddress
import socket
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

MayBePrivate = Callable[[str], bool]
"""Whether an address may lead to a host that is not public."""


class Forbidden(Exception):
    """An address leads where it may not."""


def opener(may_be_private: MayBePrivate) -> urllib.request.OpenerDirector:
    """An opener for http and https that checks each address it is sent to, redirections too."""
    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Checked(may_be_private),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        made.add_handler(handler)
    return made


class _Checked(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Opens connections whose peer is checked before anything is sent over them."""

    handler_order = 400  # before the handlers of the standard library

    def __init__(self, may_be_private: MayBePrivate) -> None:
        super().__init__()
        self._may_be_private = may_be_private

    def http_open(self, request: urllib.request.Request) -> Any:
        if self._may_be_private(request.full_url):
            return None
        if not request.has_proxy():
            return self.do_open(_PublicConnection, request)
        _check_host(request.full_url)
        return None

    def https_open(self, request: urllib.request.Request) -> Any:
        if self._may_be_private(request.full_url):
            return None
        if not _tunnels(request):
            return self.do_open(_PublicSecureConnection, request)
        _check_host(request.full_url)
        return None


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        target = arguments[-1]
        if urlsplit(target).scheme not in {"http", "https"}:
            raise Forbidden(f"it redirects to `{target}`")
        return super().redirect_request(*arguments)


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


def _tunnels(request: urllib.request.Request) -> bool:
    return bool(getattr(request, "_tunnel_host", None)) or request.has_proxy()


def _check_host(address: str) -> None:
    parts = urlsplit(address)
    _check_name(parts.hostname or "", parts.port or 443)


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
