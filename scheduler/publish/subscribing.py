"""How to subscribe to a feed: its addresses, a code to photograph, and what to do in which program.

The waits are what people who run other feeds report of these programs; none of them promises any.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import segno

from scheduler.publish.web import feed_path

LONGEST_ADDRESS = 256
"""What Google Calendar takes."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that shows calendars: steps to subscribe in it, how long it waits, and what else to know.

    One that is a `service` fetches from its maker's machines, which must be able to reach the address.
    """

    name: str
    steps: tuple[str, ...]
    wait: str
    remark: str
    service: bool


PROGRAMS = (
    Program(
        "Google Calendar",
        (
            "Open calendar.google.com on a computer; the telephone app cannot add an address.",
            "Beside “Other calendars” choose + and then “From URL”.",
            "Paste the address and choose “Add calendar”.",
        ),
        "8 to 24 hours, sometimes longer; there is no way to hurry it",
        "A cancelled window vanishes there instead of being marked.",
        True,
    ),
    Program(
        "Outlook on the web, and new Outlook",
        (
            "Open the calendar and choose “Add calendar”.",
            "Choose “Subscribe from web”, paste the address, give a name.",
            "Choose “Import”.",
        ),
        "about 3 hours, at times more than a day",
        "A cancelled window stays visible, with CANCELLED before its title.",
        True,
    ),
    Program(
        "Outlook on the desktop (classic)",
        (
            "Choose File, Account Settings, Account Settings, Internet Calendars, New.",
            "Paste the address and choose “Add”.",
        ),
        "each send and receive, once an hour at most",
        "A cancelled window stays visible, with CANCELLED before its title.",
        False,
    ),
    Program(
        "Apple Calendar",
        (
            "On a Mac choose File, New Calendar Subscription; on an iPhone scan the code, or choose Calendars, "
            "Add Calendar, Add Subscription Calendar.",
            "Paste the address and choose “Subscribe”.",
            "On a Mac choose how often to refresh: every hour is best.",
        ),
        "as chosen on a Mac, from 5 minutes; once a day on an iPhone unless changed in Settings",
        "A cancelled window is struck through.",
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed's address, the same as calendar programs open it, and what may stand in the way."""

    address: str
    webcal: str
    warnings: tuple[str, ...]

    def code(self, scale: int = 4) -> str:
        """Give the code to photograph as SVG, black on white in any theme."""
        picture = segno.make(self.address, error="m", micro=False)
        return str(picture.svg_inline(scale=scale, dark="#000", light="#fff", border=4))


def subscription(public_url: str, secret: str) -> Subscription:
    """Give the addresses of a feed where the server is reached as `public_url`."""
    address = f"{public_url.rstrip('/')}{feed_path(secret)}"
    parts = urlsplit(address)
    return Subscription(address, f"webcal://{parts.netloc}{parts.path}", tuple(_warnings(address)))


def _warnings(address: str) -> list[str]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    said = []
    if not _is_public(host):
        said.append(
            f"Google Calendar and Outlook on the web fetch calendars from their makers' machines, which cannot reach "
            f"{host}. "
            "Programs on this network can; for the others, have the feeds served under an address that the internet "
            "reaches."
        )
    if parts.scheme != "https" and not _is_loopback(host):
        said.append("The address is not HTTPS: whoever listens on the way can read it, and then the calendar.")
    if len(address) > LONGEST_ADDRESS:
        said.append(f"The address has {len(address)} characters; Google Calendar takes {LONGEST_ADDRESS}.")
    return said


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # A name without a dot, and those ends, mean something on one network only (RFC 6762, RFC 8375 and custom).
        return "." in host and not host.endswith((".local", ".internal", ".lan", ".home.arpa", ".localhost"))
