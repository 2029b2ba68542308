"""Another program is asked once for everything, and whatever it answers, or that there is none, is no crash."""

import sys
from pathlib import Path

import pytest
from inputs.test_notices import calendar

from scheduler.inputs.notice_parser import read_with_parser
from scheduler.inputs.notices import NoticeError
from scheduler.portfolio import Impact

FAKE = """#!{python}
import base64, json, sys
asked = json.load(sys.stdin)
one = {{"provider": "p", "account": "a", "maintenance_id": "m",
       "circuits": [{{"circuit_id": "c", "impact": "DEGRADED"}}],
       "start": 1803000000, "end": 1803003600, "status": "NO-CHANGE", "uid": "0", "sequence": 1, "summary": "s"}}
answers = {{"good": {{"notices": [one]}}, "bad": {{"error": "ParserError: words"}},
           "odd": {{"notices": [one | {{"end": 0}}]}}, "none": {{}}}}
kinds = {{key: value["kind"] for key, value in asked.items()}}
assert kinds == {{"good": "email", "bad": "html", "odd": "email", "none": "email"}}
json.dump(answers, sys.stdout)
"""


def test_answers_are_read_and_checked(tmp_path: Path) -> None:
    # Stands for an interpreter that has the library: it is given code, and answers as that code would.
    program = tmp_path / "python"
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(0o755)
    found = read_with_parser(program, {"good": b"From: a@b\n\n", "bad": b" <html>", "odd": b"x", "none": b"x"})
    (good,) = found["good"] if isinstance(found["good"], list) else []
    assert (good.status, good.objects, good.impact) == ("CONFIRMED", (("c", Impact.DEGRADED),), Impact.DEGRADED)
    assert str(found["bad"]) == "ParserError: words"
    assert str(found["odd"]) == "it ends before it starts"
    assert isinstance(found["none"], NoticeError)


def test_without_the_library_it_says_so(tmp_path: Path) -> None:
    for python in (tmp_path / "nowhere", sys.executable):
        with pytest.raises(NoticeError, match="does not run circuit-maintenance-parser"):
            read_with_parser(python, {"a": calendar()})
