"""Text of users where only Markdown can be drawn: labels, buttons, headings, messages."""

import re

from .text import visible

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Names of emoji and icons, addresses and arrows are looked for once escapes are gone: an unseen joiner parts them.
_JOINED = re.compile(r"(?<=[:@])(?=\S)|(?<=[wW])(?=[wW])|(?<=-)(?=[->])|(?<=<)(?=-)|(?<=[<>!~])(?==)|(?<=\+)(?=-)")
JOINER = "\u2060"


def escape_markdown(text: str) -> str:
    r"""Give one line of Markdown that reads as a text, whatever is in it.

    >>> escape_markdown("*a* <b> [c](d)")
    '\\*a\\* \\<b\\> \\[c\\]\\(d\\)'
    """
    return _PUNCTUATION.sub(r"\\\1", _JOINED.sub(JOINER, visible(text)))
