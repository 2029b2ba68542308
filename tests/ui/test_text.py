"""What users wrote stays text, and every label says which thing it is of."""

import doctest
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.ui import text
from scheduler.ui.text import labels, visible


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Mail and calendars", "Mail and calendars"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("bell\x07", "bell⟨U+0007⟩"),
        ("gpj.\u202eexe", "gpj.⟨U+202E⟩exe"),
        ("\u2067x\u2069", "⟨U+2067⟩x⟨U+2069⟩"),
        ("half\ud800", "half⟨U+D800⟩"),
        ("\ufeff \u200b", "⟨U+FEFF⟩ ⟨U+200B⟩"),
        # Joiners belong to words of Persian and to families of emoji.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("<b>", "<b>"),
    ],
)
def test_what_cannot_be_seen_is_named(written: str, shown: str) -> None:
    assert visible(written) == shown


@given(st.text())
def test_nothing_unseen_is_left(written: str) -> None:
    shown = visible(written)
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode("utf-8")


@given(st.dictionaries(st.text(max_size=3), st.sampled_from(["", "Mail", "Mail ", "a", "\t"])))
def test_no_two_labels_are_alike(names: dict[str, str]) -> None:
    found = labels(names)
    assert list(found) == list(names)
    assert len(set(found.values())) == len(names)


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(text).failed == 0
