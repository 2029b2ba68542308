"""Whatever users write comes back as the same text, and begins no property of its own, in every feed."""

import json
from dataclasses import replace
from typing import Any

import pytest
import strict_ical
from builders import blackout, depends, engineer, portfolio
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from publish.feed_readers import run_optimised
from publish.feed_world import FIRST, edition, revision

from scheduler.portfolio import Change, Impact, Portfolio, Service, Team
from scheduler.publish.aws import change_calendar
from scheduler.publish.contents import Status
from scheduler.publish.history import Archive, WindowHistory
from scheduler.publish.plain_text import one_line
from scheduler.publish.stream import DETAILS, stream

KNOWN = [
    "x\r\nBEGIN:VALARM\r\nACTION:EMAIL\r\nEND:VALARM",
    "x\nATTENDEE:mailto:evil@example.com",
    "x\rX-EVIL:1",
    "a, b; c\\n d\\, e: f=g",
    "🎉" * 40,
    "ü" * 75,
    "e\u0301" * 60,
    "\u202egnp.exe\u202c עברית العربية",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>&amp;<b>",
    '"quoted" ^n ^^',
    "tab\there\x00\x07\x1b[31m\x7f\x85\u2028\ufeff",
    "\ud800",
    "END:VEVENT",
    " leading and trailing ",
]
TEXTS = st.sampled_from(KNOWN) | st.text(
    st.characters(codec="utf-8") | st.sampled_from('\r\n\t\x00\x85\u2028\ufeff;,:\\"=🎉ü\u202e'), max_size=90
)
NAMES = {
    "DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED", "UID", "SEQUENCE", "SUMMARY", "DESCRIPTION", "STATUS", "TRANSP",
    "CATEGORIES", "CONTACT", "LOCATION", "URL", "ORGANIZER", "X-MAINTNOTE-PROVIDER", "X-MAINTNOTE-ACCOUNT",
    "X-MAINTNOTE-MAINTENANCE-ID", "X-MAINTNOTE-OBJECT-ID", "X-MAINTNOTE-IMPACT", "X-MAINTNOTE-STATUS",
}  # fmt: skip


def hostile(text: str) -> Portfolio:
    """Put a text in every field that users write."""
    said: dict[str, Any] = dict.fromkeys(
        ("title", "what_you_will_notice", "why", "workaround", "requested_by", "description"), text
    )
    app = Service(id=f"app{text}", name=text, used_for=text, site=text, owner=text)
    db = Service(id=f"db{text}", name=text)
    made = portfolio(
        blackouts=[blackout("Wed 00:00", "Thu 00:00", id=f"f{text}", applies_to=(f"service:{app.id}", f"team:T{text}"))]
    )
    return replace(
        made,
        policy=replace(made.policy, name=text, organizer=text, domain=text),
        teams={f"T{text}": Team(id=f"T{text}", name=text, uses=(app.id,), contact=text, email=text)},
        services={app.id: app, db.id: db},
        dependencies=(depends(app.id, db.id),),
        changes={f"C{text}": Change(id=f"C{text}", services=(db.id,), impact=Impact.OUTAGE, **said)},
        engineers={f"E{text}": replace(engineer("E", skills="dba"), id=f"E{text}")},
    )


def source(text: str) -> Archive:
    def given_to(one: Any) -> Any:
        shifts = tuple(replace(shift, engineer=f"E{text}", skill=text or "x") for shift in one.placement.engineers)
        return replace(one, placement=replace(one.placement, change=f"C{text}", engineers=shifts))

    told = given_to(revision(Status.CONFIRMED, FIRST, 0))
    return Archive(
        [edition(1, FIRST, hostile(text))],
        [WindowHistory(id=f"w{text}", revisions=(told,))],
        lambda window, change: f"https://maint.example.com/?change={text}",
    )


def streams(text: str) -> dict[str, bytes]:
    """Write every kind of feed in every detail."""
    made = source(text)
    kinds = (("team", f"T{text}"), ("service", f"app{text}"), ("engineer", f"E{text}"), ("all", ""), ("blackouts", ""))
    found = {
        f"{kind} {detail}": stream(made.feed(kind, scope, FIRST), detail)  # type: ignore[arg-type]
        for kind, scope in kinds
        for detail in DETAILS
    }
    entries = made.feed("all", "", FIRST).entries
    return found | {"aws": change_calendar(text, "DEFAULT_CLOSED", entries).content}


def judge(text: str, found: dict[str, bytes]) -> None:
    for name, one in found.items():
        calendar = strict_ical.read(one)
        (event,) = calendar.parts
        assert event.parts == [], name
        assert {key for key, _, _ in event.properties} <= NAMES, name
        (theirs,) = Calendar.from_ical(one).walk("VEVENT")
        assert str(theirs["SUMMARY"]) == event.one("SUMMARY")
        assert str(theirs.get("DESCRIPTION", "")) == "".join(event.values("DESCRIPTION"))
    readable = one_line(text)
    team = strict_ical.read(found["team maintnote"]).parts[0]
    lines = team.one("DESCRIPTION").split("\n")
    for label in ("What you will notice", "What you can do meanwhile", "Why"):
        assert (f"{label}: {readable}" in lines) == bool(readable)
    assert team.values("X-MAINTNOTE-ACCOUNT") == [one_line(f"T{text}")]
    assert team.values("X-MAINTNOTE-OBJECT-ID") == [one_line(f"app{text}")]
    assert team.values("X-MAINTNOTE-MAINTENANCE-ID") == [one_line(f"w{text}")]
    everybody = strict_ical.read(found["all full"]).parts[0]
    assert everybody.one("SUMMARY") == " ".join(filter(None, [readable, f"({one_line(f'C{text}')})"]))
    assert (everybody.values("CONTACT") or [""]) == [readable]
    name = strict_ical.read(found["team full"]).one("NAME")
    assert name == f"Maintenance for {readable or one_line(f'T{text}')}"


@pytest.mark.parametrize("text", KNOWN)
def test_known_tricks(text: str) -> None:
    judge(text, streams(text))


@settings(deadline=None, max_examples=30)
@given(TEXTS)
def test_any_text(text: str) -> None:
    judge(text, streams(text))


def test_without_assertions_the_bytes_are_the_same() -> None:
    # The library guards line ends by an assertion, which is gone under -O: nothing may depend on it.
    code = (
        "import json, sys; assert False, 'this is not -O';"
        "from publish.test_hostile_text import KNOWN, streams;"
        "print(json.dumps([{n: s.decode() for n, s in streams(t).items()} for t in KNOWN]))"
    )
    found = json.loads(run_optimised(code))
    assert found == [{name: one.decode() for name, one in streams(text).items()} for text in KNOWN]


def test_a_fold_never_splits_a_character() -> None:
    for length in range(64, 76):
        text = "x" * length + "🎉ü🎉"
        judge(text, streams(text))
