"""Text of users made fit for calendars and logs: no character in it can end a line or hide from a reader."""

import re

_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")


def plain(text: str) -> str:
    """Strip what no calendar may carry: control characters but the line feed, lone surrogates, byte order marks."""
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text).replace("\t", " "))


def one_line(text: str) -> str:
    """Give text as one line without characters that no calendar may carry."""
    return " ".join(plain(text).split())
