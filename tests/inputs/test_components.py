"""What comes from outside is read right or refused with its reason, soon and in little memory, and never crashes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs.hostile_calendars import CASES, calendar, event

from scheduler.inputs import InputError
from scheduler.inputs.calendar_files import busy_document
from scheduler.inputs.components import components, value_text

RANGE = ("2027-03-01", "2027-04-01", "Europe/Berlin")
MOST_SECONDS, MOST_MIB = 5.0, 512


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Read every case by the command."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, case in CASES.items():
        (folder / f"{name}.ics").write_bytes(case.content)
    options = ["--from", RANGE[0], "--to", RANGE[1], "--zone", RANGE[2]]
    command = [sys.executable, str(Path(__file__).parent / "read_hostile.py"), str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_calendar_is_read_right_or_refused(answers: dict[str, dict[str, object]], name: str) -> None:
    case, answer = CASES[name], answers[name]
    out, err = str(answer["out"]), str(answer["err"])
    assert "Traceback" not in out + err, err[-2000:]
    # The processor's time: a busy machine is no failure.
    assert float(str(answer["cpu_seconds"])) < MOST_SECONDS, os.getloadavg()
    assert float(str(answer["mib"])) < MOST_MIB
    if case.refused:
        assert answer["code"] == 1
        assert case.refused in err
        assert len(err) < 500
        assert out == ""
    else:
        assert answer["code"] == 0, err
        document = json.loads(out)
        assert tuple(one["start"] for one in document["busy"]) == case.starts
        assert case.warned in " ".join(document["warnings"])
        assert bool(document["warnings"]) == bool(case.warned)


SOURCE = calendar(
    *event("RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:Füllung\\, zwei", "EXDATE:20270311T100000Z"), *event(uid="2")
)
PIECES = [b"\r\n", b":", b";", b"=", b",", b"99999999"]


@given(data=st.data())
def test_a_damaged_calendar_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(SOURCE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        until = data.draw(st.integers(at, min(len(content), at + 30)))
        content[at:until] = data.draw(
            st.binary(max_size=12) | st.sampled_from([b"\r\n", b":", b";", b"=", b",", b"99999999"])
        )
        content = content or bytearray(b"x")
    path = tmp_path_factory.getbasetemp() / "damaged.ics"
    path.write_bytes(bytes(content))
    try:
        found = busy_document(path, *RANGE)["busy"]
    except InputError as error:
        found = []
        said = error.problems
    else:
        said = ["read"]
    assert said
    assert all(one["start"] < one["end"] for one in found)


def test_text_is_one_line() -> None:
    assert value_text(r"a\, b\; c\\n\nd\N e\x") == r"a, b; c\n d e\x"


def test_parameters_and_values_are_kept_apart() -> None:
    (found,) = components('BEGIN:VCALENDAR\r\nX;A="b:c";d=e,f:g:h\r\nEND:VCALENDAR\r\n')
    assert found.properties == [("X", {"A": "b:c", "D": "e"}, "g:h")]
