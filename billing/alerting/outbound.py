"""One POST to an address that somebody typed, without being led to where they may not go.

The name is resolved first, every address of it must be a public one, and the connection goes to
that very address: a name that answers differently the second time leads nowhere. No redirect is
followed and no proxy asked. Error messages never hold the address: it may be a secret.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from costcontrol.lib.sentences import Sentence as _

TIMEOUT_S = 5.0  # to connect, and for each piece of the answer
DEADLINE_S = 10.0  # for all of it, however slowly it drips
ANSWER_BYTES = 2_048
TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
SITE = ipaddress.IPv6Network("fec0::/10")  # private networks, before there was fc00::/7
PRIVATE = _("The address leads into a private network, where nothing is sent to.")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotSent(Exception):
    """A sentence for staff."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Place:
    """An address that may be asked. `ip` is where it is connected to."""

    is_tls: bool
    host: str
    port: int
    path: str
    ip: str


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status, 200 to 299. Raises NotSent."""
    place = place_of(url)
    try:
        with _answer(place, body, headers) as reply:
            reply.read(ANSWER_BYTES)
            status = reply.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(_why(error)) from None
    if 300 <= status < 400:
        raise NotSent(_("It answered with a redirect, which is not followed. Write the address "
                        "that it leads to."))
    if not 200 <= status < 300:
        raise NotSent(_("It answered with the status %(status)d.") % {"status": status})
    return status


@contextmanager
def _answer(
    place: Place, body: bytes, headers: Mapping[str, str]
) -> Iterator[http.client.HTTPResponse]:
    connection = _Pinned(place)
    end = threading.Timer(DEADLINE_S, connection.cut)
    end.daemon = True
    end.start()
    try:
        connection.request("POST", place.path, body=body, headers=dict(headers))
        yield connection.getresponse()
    finally:
        end.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """To the address that was checked; certificate and `Host` are those of the name."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.host, place.port, timeout=TIMEOUT_S)
        self.default_port = 443 if place.is_tls else 80
        self._place = place
        self._line: socket.socket | None = None  # `sock` is forgotten when the answer begins
        self._is_cut = False

    def connect(self) -> None:
        self._line = socket.create_connection((self._place.ip, self._place.port), TIMEOUT_S)
        if self._place.is_tls:
            self._line = _tls().wrap_socket(self._line, server_hostname=self._place.host)
        self.sock = self._line
        if self._is_cut:  # while hands were shaken, when there was no line to cut
            raise TimeoutError

    def cut(self) -> None:
        """From another thread: whatever is waited for fails now."""
        self._is_cut = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def place_of(url: str) -> Place:
    """Raises NotSent."""
    parts, port = split(url)
    host = (parts.hostname or "").encode("idna").decode()
    default = 443 if parts.scheme == "https" else 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme == "https", host, port or default, path, _resolved(host, port))


def split(url: str) -> tuple[SplitResult, int | None]:
    """What of an address can be judged without asking anybody. Raises NotSent."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError):
        raise NotSent(_("This is no web address.")) from None
    schemes = ("https", "http") if settings.ALERTS_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes:
        raise NotSent(_("The address must begin with https://."))
    if not host or any(letter <= " " or letter == "\x7f" for letter in url) or not url.isascii():
        raise NotSent(_("This is no web address."))
    if parts.username is not None or parts.password is not None:
        raise NotSent(_("The address may hold no user name and password."))
    return parts, port


def check(url: str) -> None:
    """Before an address is kept: nobody is asked, so a name may still lead to where nothing is
    sent. Raises NotSent."""
    parts, _port = split(url)
    host = parts.hostname or ""
    is_literal = host.replace(".", "").isdecimal() or ":" in host
    if not settings.ALERTS_ALLOW_PRIVATE and (
        host == "localhost" or (is_literal and not is_public(host))
    ):
        raise NotSent(PRIVATE)


def _resolved(host: str, port: int | None) -> str:
    """The first of its addresses, if all may be connected to. Raises NotSent."""
    try:
        found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent(_("There is no server of that name.")) from None
    addresses = [str(each[4][0]) for each in found]
    if not settings.ALERTS_ALLOW_PRIVATE and not all(is_public(each) for each in addresses):
        raise NotSent(PRIVATE)
    return addresses[0]


def is_public(text: str) -> bool:
    """Not of this machine, a private network, a link, a group of receivers; nor an IPv6 address
    that a gateway turns into an IPv4 one, which could be any of these."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(str(address.ipv4_mapped))
        if address.teredo or any(address in network for network in (*TRANSLATED, SITE)):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("Its certificate is not valid for this name.")
    if isinstance(error, ssl.SSLError):
        return _("No secure connection could be made.")
    if isinstance(error, TimeoutError):
        return _("It did not answer in time.")
    if isinstance(error, ConnectionError):
        return _("It could not be connected to, or it broke off.")
    return _("It did not answer as a web server does.")
