"""Mail addresses of users: only what any server takes is written to."""

import re

from scheduler.publish.plain_text import one_line

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def is_address(text: str) -> bool:
    """Tell whether text is a mail address that any server takes (RFC 5321, without quoted or international ones)."""
    local, at, domain = text.partition("@")
    dots = ".." in local or local.startswith(".") or local.endswith(".")
    return bool(at) and _ADDRESS.fullmatch(text) is not None and not dots and len(domain) < 254


def addresses(text: str) -> list[str]:
    """List the mail addresses in a cell, which may hold several behind `;` or `,`; what is none is left out."""
    found = [one.strip() for one in re.split(r"[;,\s]+", one_line(text))]
    return list(dict.fromkeys(one for one in found if is_address(one)))
