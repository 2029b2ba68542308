"""Fetches a file from an address that somebody else wrote, and goes nowhere else with it.

Whoever can write an address could make this program ask machines that only it can reach. So every host is looked up
once, each of its addresses must be public, and the connection goes to the address that was checked, also after a
redirect. Size, time and redirects are limited; nothing is unpacked, and nothing secret is sent.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

MOST_BYTES, MOST_SECONDS, MOST_REDIRECTS = 5_000_000, 20.0, 3
_CHUNK = 65_536
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)


class FetchError(Exception):
    """A file that cannot be had, in words that say why."""


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a request goes: the checked `ip` of a host."""

    scheme: str
    host: str
    port: int
    path: str
    ip: str


def fetch(
    url: str, *, allowed: Collection[str] = (), most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS
) -> bytes:
    """Give what is at an address.

    `allowed` are hosts, as they stand in addresses, that may be on this machine or in this network.

    Raises
    ------
    FetchError
        With the reason, and how to mend it.
    """
    ends = time.monotonic() + most_seconds
    for _ in range(MOST_REDIRECTS + 1):
        target = _target(url, allowed)
        try:
            answer = _ask(target, most_bytes, ends)
        except TimeoutError:
            raise FetchError(f"{target.host} takes longer than {most_seconds:g} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{target.host}: {error or type(error).__name__}") from error
        if isinstance(answer, bytes):
            return answer
        following = urljoin(url, answer)
        if target.scheme == "https" and urlsplit(following).scheme != "https":
            raise FetchError(f"{target.host} sends on to an address that is not secure")
        url = following
    raise FetchError(f"is sent on more than {MOST_REDIRECTS} times")


def _target(url: str, allowed: Collection[str]) -> _Target:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise FetchError(f"is no address: {error}") from None
    if parts.scheme not in _PORTS or not host or any(one <= " " for one in url):
        raise FetchError("is no address such as https://calendars.example.com/x.ics")
    if parts.username or parts.password:
        raise FetchError("has a name or password in it; use an address with a secret path")
    port = port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{host} is not found ({error})") from None
    ips = [str(one[4][0]) for one in found]
    if host not in allowed and not all(_is_public(ip) for ip in ips):
        raise FetchError(f"{host} is on this machine or in this network; allow the host where that is meant")
    path = parts.path or "/"
    return _Target(parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path, ips[0])


def _is_public(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast


def _ask(target: _Target, most_bytes: int, ends: float) -> bytes | str:
    """Give the content, or where else it is said to be."""
    patience = _left(ends)
    raw = socket.create_connection((target.ip, target.port), patience)
    try:
        if target.scheme == "https":
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=target.host)
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = raw
        raw.settimeout(_left(ends))
        headers = {
            "Accept": "text/calendar, */*;q=0.1",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "maintenance-window-scheduler",
        }
        connection.request("GET", target.path, headers=headers)
        answer = connection.getresponse()
        if answer.status in _REDIRECTS and answer.getheader("Location"):
            return str(answer.getheader("Location"))
        if answer.status != 200:
            raise FetchError(f"{target.host} answers {answer.status}; check the address")
        if (answer.getheader("Content-Encoding") or "identity").lower() != "identity":
            raise FetchError(f"{target.host} sends it packed, though asked not to")
        content = bytearray()
        while True:
            raw.settimeout(_left(ends))
            piece = answer.read1(_CHUNK)
            if not piece:
                break
            content += piece
            if len(content) > most_bytes:
                raise FetchError(f"is larger than {most_bytes:,} bytes")
        if answer.length:
            raise FetchError("ended before all of it was there")
        return bytes(content)
    finally:
        raw.close()


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
