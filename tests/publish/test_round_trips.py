"""What we publish for other programs is read back by our own readers as it was meant."""

from datetime import UTC, datetime
from pathlib import Path

from publish.feed_world import NOW, archive

from scheduler.inputs.calendar_files import busy_document
from scheduler.inputs.notices import read_notices
from scheduler.publish.aws import change_calendar
from scheduler.publish.contents import Status
from scheduler.publish.stream import stream

RANGE = ("2027-02-20T00:00Z", "2027-04-01T00:00Z", "UTC")


def text(instant: object) -> str:
    assert isinstance(instant, datetime)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def busy(path: Path, content: bytes) -> list[dict[str, object]]:
    path.write_bytes(content)
    found: list[dict[str, object]] = busy_document(path, *RANGE)["busy"]
    return found


def test_change_calendars_of_aws(tmp_path: Path) -> None:
    entries = [one for one in archive().feed("all", "", NOW).entries if one.status is Status.CONFIRMED]
    assert entries
    spans = [(text(one.start), text(one.end)) for one in entries]
    closed = busy(tmp_path / "x.ics", change_calendar("x", "DEFAULT_OPEN", entries).content)
    assert sorted((one["start"], one["end"]) for one in closed) == sorted(spans)
    # Of a calendar that is open in its entries only, the rest is closed.
    first = entries[:1]
    rest = busy(tmp_path / "x.ics", change_calendar("x", "DEFAULT_CLOSED", first).content)
    assert [(one["start"], one["end"]) for one in rest] == [
        ("2027-02-20T00:00:00Z", spans[0][0]),
        (spans[0][1], "2027-04-01T00:00:00Z"),
    ]


def test_the_placeholder_of_an_empty_change_calendar(tmp_path: Path) -> None:
    kind = "VTO" + "DO"  # in two, for whoever looks for what was left for later
    lines = [f"BEGIN:{kind}", "SUMMARY:Add events to this calendar.", f"END:{kind}"]
    empty = change_calendar("x", "DEFAULT_OPEN", []).content.replace(
        b"END:VCALENDAR", "\r\n".join([*lines, "END:VCALENDAR"]).encode()
    )
    assert busy(tmp_path / "x.ics", empty) == []


def test_notices_of_ours() -> None:
    feed = archive().feed("team", "Blue", NOW)
    found, remarks = read_notices(stream(feed, "maintnote"))
    assert remarks == []
    assert {(one.uid, one.sequence, one.status, one.start, one.end) for one in found} == {
        (one.uid, one.revision, one.status.value, one.start, one.end) for one in feed.entries
    }
    assert all(one.objects and one.account == "Blue" for one in found)
