"""What users wrote, made fit to be shown: nothing in it can hide, turn around or break what stands beside it."""

import re
from collections import Counter
from collections.abc import Mapping

_BREAKS = re.compile("[\t\n\r\v\f\x85\u2028\u2029]+")
# Control characters, what hides or changes the direction of text, lone surrogates, tags, and what is no character.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Give text in one line, with the code of every character that could not be seen.

    >>> visible("safe\u202egnp.exe")
    'safe⟨U+202E⟩gnp.exe'
    """
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _BREAKS.sub(" ", text)).strip()


def labels(names: Mapping[str, str]) -> Mapping[str, str]:
    """Give every id a label that no other has: its name, or the id where it has none, both where names are alike.

    >>> labels({"a": "Mail", "b": "", "c": "Mail"})
    {'a': 'Mail (a)', 'b': 'b', 'c': 'Mail (c)'}
    """
    shown = {id: visible(name) or visible(id) for id, name in names.items()}
    alike = Counter(shown.values())
    found = {id: label if alike[label] == 1 else f"{label} ({visible(id)})" for id, label in shown.items()}
    taken: Counter[str] = Counter()
    for id, label in found.items():
        taken[label] += 1
        if taken[label] > 1:  # ids that differ in white space alone
            found[id] = f"{label} #{taken[label]}"
    return found
