"""Text becomes Markdown that reads as that text."""

import doctest

from hypothesis import example, given
from hypothesis import strategies as st
from small_plan import read

from scheduler.ui import markdown
from scheduler.ui.markdown import JOINER, escape_markdown
from scheduler.ui.text import visible


@given(st.text())
@example(":material/home: :smile: a@b.example http://x.example www.x.example <- -> <-> -- >= <= != ~= +-")
@example("\\*not bold\\*")
def test_it_reads_as_it_was_written(text: str) -> None:
    # That a browser draws it so is tested in one; here, that escapes and joiners are all that was added.
    assert read(escape_markdown(text)) == visible(text)


@given(st.text(alphabet="*_`[]()<>:$~#|\\@wW-+.!=/a "))
def test_no_mark_is_left_without_its_escape(text: str) -> None:
    rest = escape_markdown(text)
    for mark in "\\*_`[]()<>:$~#|@-+.!=/":
        rest = rest.replace(f"\\{mark}", "") if mark != "\\" else rest.replace("\\\\", "")
    assert not set(rest) - set("wWa " + JOINER)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(markdown).failed == 0
