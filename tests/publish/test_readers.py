"""Other people's programs make the same of our feeds: events, instants, texts, and the notices in them."""

from pathlib import Path

import pytest
from publish.feed_readers import READERS, by_ical_js, by_notice_parser, by_strict_reader
from publish.feed_world import DOMAIN, NOW, archive, every_stream

from scheduler.publish.stream import stream

STREAMS = every_stream(archive())


def test_there_is_something_to_read() -> None:
    # Blue: all but the proposal and the mail; Green the mail too. Engineers and everybody see every window of theirs.
    counts = {name: len(by_strict_reader(one)) for name, one in STREAMS.items() if name.endswith("full")}
    assert counts == {
        "team Blue full": 4,
        "team Green full": 5,
        "service app full": 4,
        "service db full": 4,
        "engineer Ana full": 5,
        "all  full": 5,
        "blackouts  full": 2,
    }


@pytest.mark.parametrize("reader", READERS)
def test_readers_agree_with_ours(reader: str) -> None:
    for name, one in STREAMS.items():
        assert sorted(READERS[reader](one)) == sorted(by_strict_reader(one)), name


def test_ical_js_agrees_with_ours(ical_js: Path) -> None:
    found = by_ical_js(ical_js, STREAMS)
    for name, one in STREAMS.items():
        assert sorted(found[name]) == sorted(by_strict_reader(one)), name


def test_notices_come_back_as_they_are_stored(notice_parser: Path) -> None:
    source = archive()
    feeds = {
        f"{kind} {scope} {proposals}": source.feed(kind, scope, NOW, proposals=proposals)  # type: ignore[arg-type]
        for kind, scope in (("team", "Blue"), ("team", "Green"), ("service", "db"), ("engineer", "Ana"), ("all", ""))
        for proposals in (False, True)
    }
    found = by_notice_parser(notice_parser, {name: stream(feed, "maintnote") for name, feed in feeds.items()})
    for name, feed in feeds.items():
        stored = [
            {
                "provider": DOMAIN,
                "account": entry.content.account,
                "maintenance_id": entry.id,
                "status": entry.status.value,
                "circuits": [{"circuit_id": node, "impact": impact.value} for node, impact in entry.content.objects],
                "start": int(entry.start.timestamp()),  # type: ignore[union-attr]
                "end": int(entry.end.timestamp()),  # type: ignore[union-attr]
                "stamp": int(entry.revised_at.timestamp()),
                "organizer": "mailto:desk@maint.example.com",
                "uid": entry.uid,
                "sequence": entry.revision,
            }
            for entry in feed.entries
        ]
        read = [{key: one[key] for key in stored[0]} for one in found[name]]
        assert len(stored) >= 4
        assert sorted(read, key=str) == sorted(stored, key=str), name
        assert {one["summary"].removeprefix("Proposed: ").removeprefix("CANCELLED: ") for one in found[name]} == {
            entry.content.summary for entry in feed.entries
        }
