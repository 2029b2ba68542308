"""What a batch remembers: when a plan still counts, and when it is made anew."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from business_units import good

from scheduler.batch.job import Job, Outcome
from scheduler.batch.records import RECORD, kept, key_of, write

DAY = timedelta(days=1)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(name="one", folder=str(good(tmp_path / "one")), out=str(tmp_path / "out" / "one"), deterministic=0.5)


def planned(job: Job) -> Outcome:
    """Write a plan of two files, as a runner would hand it over."""
    files = {"schedule.json": b"{}", "feeds/blue.ics": b"BEGIN:VCALENDAR"}
    made = Outcome(name="one", folder=job.folder, kind="planned", cost_cents=250, messages=("said",), files=files)
    return write(job, key_of(job), made)


def test_what_was_planned_is_kept(job: Job) -> None:
    assert kept(job, key_of(job), DAY) is None
    assert planned(job).files == {}
    before = kept(job, key_of(job), DAY)
    assert before is not None
    assert (before.kind, before.cost_cents, before.messages, before.code) == ("kept", 250, ("said",), 0)
    assert (Path(job.out) / "feeds" / "blue.ics").read_bytes() == b"BEGIN:VCALENDAR"


def test_other_input_or_parameters_make_it_anew(job: Job) -> None:
    planned(job)
    key = key_of(job)
    assert key_of(replace(job, memory_limit=1, hard_limit=1.0)) == key  # they only end a run early
    for other in (replace(job, seed=1), replace(job, deterministic=0.6), replace(job, now="2027-02-21T00:00Z")):
        assert kept(other, key_of(other), DAY) is None
    # Decisions left beside the plan count as input.
    (Path(job.out) / "decisions.csv").write_text("change,kind,start\n")
    assert kept(job, key_of(job), DAY) is None
    (Path(job.out) / "decisions.csv").unlink()
    assert kept(job, key_of(job), DAY) is not None
    with (Path(job.folder) / "changes.csv").open("a") as file:
        file.write("\n")
    assert kept(job, key_of(job), DAY) is None


def test_files_that_were_touched_or_are_gone_make_it_anew(job: Job) -> None:
    planned(job)
    feed = Path(job.out) / "feeds" / "blue.ics"
    feed.write_bytes(b"BEGIN")
    assert kept(job, key_of(job), DAY) is None
    feed.unlink()
    assert kept(job, key_of(job), DAY) is None


def test_an_old_plan_is_made_anew(job: Job) -> None:
    planned(job)
    path = Path(job.out) / RECORD
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"finished_at": "2026-01-01T00:00:00+00:00"}))
    assert kept(job, key_of(job), DAY) is None
    # A clock that was put back tells nothing.
    path.write_text(json.dumps(record | {"finished_at": "2999-01-01T00:00:00+00:00"}))
    assert kept(job, key_of(job), DAY) is None
    assert kept(job, key_of(job), timedelta(0)) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1, "finished_at": 2}', "\x00"])
def test_a_broken_record_makes_it_anew(job: Job, text: str) -> None:
    planned(job)
    (Path(job.out) / RECORD).write_text(text)
    assert kept(job, key_of(job), DAY) is None


def test_a_failure_leaves_the_plan_and_is_tried_again(job: Job) -> None:
    planned(job)
    write(job, key_of(job), Outcome(name="one", folder=job.folder, kind="refused", messages=("no",)))
    assert (Path(job.out) / "schedule.json").exists()
    assert kept(job, key_of(job), DAY) is None


def test_a_folder_that_cannot_be_read_is_never_done(job: Job, tmp_path: Path) -> None:
    assert key_of(replace(job, folder=str(tmp_path / "nothing"))) is None
    assert kept(job, None, DAY) is None


def test_files_that_cannot_be_written_are_said(job: Job, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    told = planned(job)
    assert (told.kind, told.code, told.files) == ("not written", 1, {})
    assert "out" in told.messages[0]
