"""What clients are written: everything they need, in their language and on their clock, and no word of ours."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import when
from hypothesis import given
from hypothesis import strategies as st
from publish.mail_world import mailing, offices, parts_of, usual_changes

from scheduler.desk.store import Store
from scheduler.horizon import Window
from scheduler.publish.contents import team_content
from scheduler.publish.facts import Facts
from scheduler.publish.languages import language_of, languages
from scheduler.publish.letter import Kind, Letter, letter, page, together
from scheduler.schedule import place

KINDS: tuple[Kind, ...] = ("planned", "moved", "changed", "cancelled")
# Words of this program that mean something else to clients, or nothing (beside those that are explained).
OURS = re.compile(
    r"\b(changes?|windows?|placements?|portfolios?|slots?|horizons?|proposals?|revisions?|impact|engineers?|incidents?"
    r"|tickets?|stakeholders?|PSO|FSC|UTC)\b"
)


def facts(**more: object) -> Facts:
    """Berlin, in the night in which its clocks go forward: 23:00 to 05:00 is five hours."""
    given: dict[str, object] = {
        "team": "Blue",
        "zone": "Europe/Berlin",
        "start": when("2027-03-27T22:00Z"),
        "end": when("2027-03-28T00:30Z"),
        "reserved_until": when("2027-03-28T03:00Z"),
        "unavailable": ("Order entry",),
        "desk": "desk@maint.example.com",
    }
    return Facts(**(given | more))  # type: ignore[arg-type]


def write(given: Facts, kind: Kind = "planned", language: str = "en", **more: object) -> Letter:
    return letter(given, kind, language_of(language), **more)  # type: ignore[arg-type]


def test_everything_is_said_in_english() -> None:
    said = facts(
        limited=("Search", "Post"),
        notice="Orders wait.",
        used_for=(("Order entry", "taking orders"),),
        workaround="Use paper.",
        why="the old one is slow.",
        owners=("Ann Lee", "Bo"),
        promised_days=14,
        told_on=when("2027-03-20T10:00Z"),
    )
    found = write(said, to="Priya", replies=True, link="https://m.example.com/?change=A")
    assert found.subject == "Order entry not available, Search and Post limited, Saturday, 27 March 2027"
    assert found.greeting == "Hello Priya,"
    assert found.lines == (
        "We are sorry for the short notice: you were promised 14 days, and we tell you only on Saturday, 20 March "
        "2027.",
        "What you will notice: Orders wait.",
        "What it is about: Order entry not available, Search and Post limited.",
        "What Order entry is used for: taking orders",
        "When: Saturday, 27 March 2027, 23:00 (Central European Standard Time, Berlin) – Sunday, 28 March 2027, 05:00 "
        "(Central European Summer Time, Berlin).",
        "For how long: we expect 2 hours, 30 minutes, until Sunday, 28 March 2027, 01:30. The rest of the time is kept "
        "in case it takes longer.",
        "What you can do meanwhile: Use paper.",
        "Why: the old one is slow.",
        "While the work is done you reach: Ann Lee, Bo and desk@maint.example.com",
        "Afterwards, and for questions: desk@maint.example.com",
        "If this time does not suit you, decline the invitation and say why, or just answer this mail. Somebody reads "
        "it and will write back.",
        "https://m.example.com/?change=A",
    )


def test_everything_is_said_in_german() -> None:
    found = write(
        facts(end=when("2027-03-28T03:00Z")), "moved", "de", before=Window(when("Mon 01:00"), when("Mon 02:00"))
    )
    assert found.subject == "Neue Zeit: Order entry nicht verfügbar, Samstag, 27. März 2027"
    assert found.lines[:4] == (
        "Die Zeit hat sich geändert. Vorher war es: Montag, 1. März 2027, 02:00 – 03:00 "
        "(Mitteleuropäische Normalzeit, Berlin).",
        "Was Sie bemerken werden: Order entry nicht verfügbar.",
        "Wann: Samstag, 27. März 2027, 23:00 (Mitteleuropäische Normalzeit, Berlin) – Sonntag, 28. März 2027, 05:00 "
        "(Mitteleuropäische Sommerzeit, Berlin).",
        "Wie lange: 5 Stunden.",
    )


def test_dates_are_written_as_the_country_does() -> None:
    american = write(facts(zone="America/New_York"), language="en-US")
    assert "Saturday, March 27, 2027, 6:00 PM – 11:00 PM (Eastern Daylight Time, New York)" in american.text
    assert "Samstag, 27. März 2027, 23:00" in write(facts(zone="Europe/Vienna"), language="de_AT").text
    # An unknown language, or country, is no reason to say nothing.
    assert write(facts(), language="tlh").text == write(facts(), language="").text == write(facts()).text
    assert write(facts(), language="de-XX").text == write(facts(), language="de").text


def test_a_cancellation_says_that_nothing_is_to_be_done() -> None:
    found = write(facts(), "cancelled")
    assert found.subject.startswith("Cancelled: ")
    assert found.summary == "CANCELLED: Order entry not available"
    assert "this will not happen" in found.text
    assert "What you can do" not in found.text


def test_several_in_one_come_in_order() -> None:
    later = facts(
        start=when("2027-03-29T22:00Z"), end=when("2027-03-29T23:00Z"), reserved_until=when("2027-03-29T23:00Z")
    )
    pairs = [(one.start, write(one)) for one in (later, facts())]
    found = together(pairs, language_of("en"), "Europe/Berlin", to="Priya")
    assert found.subject == "2 messages about planned work, Saturday, 27 March 2027 to Tuesday, 30 March 2027"
    assert [line for line in found.lines if re.match(r"\d\. ", line)] == [
        "1. Order entry not available, Saturday, 27 March 2027",
        "2. Order entry not available, Tuesday, 30 March 2027",
    ]


def test_nothing_that_users_wrote_is_markup() -> None:
    assert page("<x>", ["<b>&</b>", 'https://e.example/"onx=1', "https://e.example/a?b=1"]).splitlines()[3:6] == [
        "<p>&lt;b&gt;&amp;&lt;/b&gt;</p>",
        '<p><a href="https://e.example/&quot;onx=1">https://e.example/&quot;onx=1</a></p>',
        '<p><a href="https://e.example/a?b=1">https://e.example/a?b=1</a></p>',
    ]


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("full", [True, False])
def test_our_own_words_need_no_explanation(language: str, kind: Kind, full: bool) -> None:
    more = {"notice": "Nothing works.", "workaround": "Wait.", "why": "It is old.", "owners": ("Ann",)} if full else {}
    given = facts(limited=("Search",), promised_days=3, told_on=when("Mon 00:00"), used_for=(("A", "b"),), **more)
    found = write(given, kind, language, replies=full, before=Window(when("Mon 01:00"), when("Mon 02:00")))
    assert language_of(language).explained(found.subject, found.text, found.summary) == []
    assert not OURS.search(found.text + found.subject)


@pytest.mark.parametrize("language", languages())
@given(data=st.data())
def test_every_word_of_the_list_is_explained_wherever_it_stands(language: str, data: st.DataObject) -> None:
    words = language_of(language).words
    chosen = data.draw(st.lists(st.sampled_from(sorted(words)), min_size=1, max_size=4))
    shape = data.draw(st.sampled_from(["{}", "the {}", "({})", "new-{}-04", "{}_7", "{}: soon", "9{}", "“{}”"]))
    kept = [
        shape.format(one if one.isupper() else data.draw(st.sampled_from([one, one.lower(), one.title()])))
        for one in chosen
    ]
    text = " and ".join(kept)
    place = data.draw(st.sampled_from(["notice", "workaround", "why", "unavailable", "owners"]))
    found = write(facts(**{place: (text,) if place in ("unavailable", "owners") else text}), language=language)
    told = dict(line.split(": ", 1) for line in found.lines if ": " in line)
    for one in chosen:
        assert told[one] == words[one]


def test_what_hides_a_word_does_not_help() -> None:
    found = write(facts(notice="fail\u200bover of the ｃｌｕｓｔｅｒ; PATCHING; dispatch, patchwork, severe, cabinet"))
    assert [line.partition(":")[0] for line in found.lines[-3:]] == ["cluster", "failover", "patch"]


def test_titles_never_reach_clients(store: Store) -> None:
    words = " ".join(language_of("en").words)
    changes = [replace(one, title=f"Zebra {words} {one.id}") for one in usual_changes()]
    desk = mailing(store, offices(*changes))
    for number, one in enumerate(changes):
        desk.scheduled(one.id, f"Mon 0{number}:00 +1w")
    assert desk.after(5) == 2
    for content in desk.contents():
        parts = parts_of(content)
        shown = [str(parts["message"]["Subject"])]
        shown += [one.get_payload(decode=True).decode() for name, one in parts.items() if name != "message"]
        assert not [text for text in shown if "Zebra" in text or "firmware" in text]


def test_feeds_of_teams_explain_too() -> None:
    def said(notice: str) -> str:
        made = offices(replace(usual_changes()[0], what_you_will_notice=notice))
        return team_content(made, place(made, "A", when("Mon 02:00 +1w")), "blue").lines[-1]

    meanings = "cluster = several computers that work as one; failover = a spare takes over."
    assert said("A failover of the cluster.") == f"In plain words: {meanings}"
    assert "plain words" not in said("Nothing works.")


def test_lengths_are_hours_and_minutes() -> None:
    assert language_of("en").length(timedelta(minutes=150)) == "2 hours, 30 minutes"
    assert language_of("de").length(timedelta(minutes=45)) == "45 Minuten"
    assert language_of("en").length(timedelta(hours=1)) == "1 hour"
