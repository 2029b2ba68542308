"""Whether a client has a body already: tags, dates and codings of HTTP (RFC 9110 sections 8.8, 12.5.3 and 13)."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_TAG = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*')
_GZIP = "-gzip"


@dataclass(frozen=True, slots=True)
class Body:
    """A body with its validators: a strong tag of its own for each coding, and when it last changed."""

    plain: bytes
    zipped: bytes
    tag: str
    modified: datetime

    @classmethod
    def of(cls, content: bytes, modified: datetime) -> "Body":
        """Give a body with its tag."""
        # Without a time of its own, so that the same content is the same bytes.
        zipped = gzip.compress(content, 6, mtime=0)
        return cls(content, zipped, hashlib.sha256(content).hexdigest()[:32], modified.replace(microsecond=0))

    def etag(self, *, zipped: bool) -> str:
        """Give the quoted entity tag."""
        return f'"{self.tag}{_GZIP if zipped else ""}"'

    def shown_modified(self, now: datetime) -> str:
        """Give the date for Last-Modified.

        Dates have whole seconds only. Until the second of a change is over there might be another in it, which a client
        that asks by date could not tell from this one; so for that long the date is one second earlier.
        """
        settled = now >= self.modified + timedelta(seconds=1)
        return format_datetime(self.modified if settled else self.modified - timedelta(seconds=1), usegmt=True)

    def known_to(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a client has this body; tags win over a date, and a date that cannot be read is ignored."""
        tags = headers.get("if-none-match")
        if tags is not None:
            return tags.strip() == "*" or bool(_tags(tags) & {self.etag(zipped=False), self.etag(zipped=True)})
        since = _date(headers.get("if-modified-since"))
        return since is not None and self.modified <= since


def _tags(header: str) -> set[str]:
    """Give the tags of a list, weak ones as if they were strong; what follows something that is no tag is ignored."""
    found, position = set(), 0
    while match := _TAG.match(header, position):
        found.add(match[1])
        position = match.end()
        if position < len(header) and header[position] != ",":
            break
        position += 1
    return found


def _date(header: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(header) if header else None
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found is not None and found.tzinfo is not None else None


def wants_gzip(accepted: str | None) -> bool:
    """Tell whether a client asks for gzip by name; one that asks for nothing gets the bytes as they are."""
    for part in (accepted or "").split(","):
        coding, *parameters = [piece.strip().lower() for piece in part.split(";")]
        if coding in ("gzip", "x-gzip"):
            weights = [value for name, _, value in (one.partition("=") for one in parameters) if name.strip() == "q"]
            return not weights or not re.fullmatch(r"\s*0(\.0{0,3})?\s*", weights[0])
    return False
