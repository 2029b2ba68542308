"""Team feeds: what they say, to whom, and that their bytes obey RFC 5545 whatever users wrote."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import strict_ical
import vobject
from builders import change, decide, depends, group, level, portfolio, schedule, service, team
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.portfolio import Portfolio
from scheduler.publish.feeds import team_feed, team_feeds
from scheduler.publish.plain_text import plain
from scheduler.publish.stream import DEFAULT_DOMAIN

TOLD = datetime(2027, 2, 10, 9, tzinfo=UTC)


def world(**more: object) -> Portfolio:
    """CHG-1 puts `db` out: `app` with it, `search` is degraded. Blue uses app and search, Green search, Red nothing."""
    given: dict[str, object] = {
        "changes": [change("CHG-1", services="db", hours=2, p90=180, backout=30)],
        "services": [
            replace(service("app"), name="Order entry", used_for="taking orders", owner="Ann Lee"),
            service("db"),
        ],
        "teams": [team("Blue", zone="Europe/London"), team("Green", zone="Asia/Singapore"), team("Red")],
        "dependencies": [depends("app", "db"), depends("search", "db", "DEGRADED")],
        "users": {("Blue", "app"): 5, ("Blue", "search"): 5, ("Green", "search"): 1, ("Red", "mail"): 9},
        "now": "2027-02-20T10:00Z",
    }
    return portfolio(**(given | more))  # type: ignore[arg-type]


def event(p: Portfolio, who: str, start: str = "Mon 02:00") -> strict_ical.Component:
    name = next(iter(p.changes))
    (one,) = strict_ical.read(team_feed(p, schedule(p, {name: start}), who)).parts
    assert one.name == "VEVENT"
    return one


def test_a_proposal_is_tentative_and_reserves_the_backout_too() -> None:
    # 2 h at P50, 3 h at P90 and half an hour to back out: 02:00 to 05:30, expected over at 04:00.
    one = event(world(), "Blue")
    assert one.one("DTSTART") == "20270301T020000Z"
    assert one.one("DTEND") == "20270301T053000Z"
    assert one.one("SUMMARY") == "Proposed: Order entry unavailable, search limited"
    assert (one.one("STATUS"), one.one("TRANSP")) == ("TENTATIVE", "TRANSPARENT")
    assert one.one("CATEGORIES") == "Maintenance,OUTAGE"
    assert one.one("UID") == f"CHG-1@{DEFAULT_DOMAIN}"
    assert one.one("SEQUENCE") == "0"
    # Nobody was told yet, so the revision is the run's.
    assert one.one("DTSTAMP") == one.one("LAST-MODIFIED") == "20270220T100000Z"
    assert one.one("CONTACT") == "Ann Lee"
    assert one.one("DESCRIPTION").split("\n") == [
        "This is a proposal: the time is not settled yet and may change.",
        "Order entry will be unavailable.",
        "search will work, but slowly or with parts missing.",
        "When: Mon 1 Mar 2027 02:00 to 05:30 GMT (local time in Europe/London).",
        "We expect it to be over by Mon 1 Mar 2027 04:00 GMT; "
        "the rest of the time is kept in case the work takes longer.",
        "What Order entry is used for: taking orders",
        "Questions, or a time that suits you better: Ann Lee",
    ]


def test_an_announced_window_is_confirmed_and_carries_the_time_of_its_announcement() -> None:
    one = event(world(decisions=[decide("CHG-1", "approve", "Mon 02:00", TOLD)]), "Green")
    assert one.one("SUMMARY") == "search limited"
    assert (one.one("STATUS"), one.one("TRANSP")) == ("CONFIRMED", "OPAQUE")
    assert one.one("CATEGORIES") == "Maintenance,DEGRADED"
    assert one.one("DTSTAMP") == one.one("LAST-MODIFIED") == "20270210T090000Z"
    assert "proposal" not in one.one("DESCRIPTION")
    # 02:00 UTC is ten in the morning in Singapore, whose zone has a number for a name.
    assert "Mon 1 Mar 2027 10:00 to 13:30 UTC+08 (local time in Asia/Singapore)" in one.one("DESCRIPTION")


def test_every_team_has_a_feed_and_only_affected_ones_an_event() -> None:
    p = world()
    feeds = team_feeds(p, schedule(p, {"CHG-1": "Mon 02:00"}))
    assert {who: len(strict_ical.read(feed).parts) for who, feed in feeds.items()} == {"Blue": 1, "Green": 1, "Red": 0}
    assert feeds == {who: team_feed(p, schedule(p, {"CHG-1": "Mon 02:00"}), who) for who in p.teams}


def test_a_group_that_goes_out_is_called_by_its_id_and_a_spared_one_tells_nobody() -> None:
    pair = {"groups": [group("pair", "m1;m2")], "users": {("Blue", "pair"): 1}, "dependencies": []}
    assert (
        event(world(**pair, changes=[change("C", services="m1;m2")]), "Blue")
        .one("SUMMARY")
        .endswith("pair unavailable")
    )
    p = world(**pair, changes=[change("C", services="m1")])
    assert strict_ical.read(team_feed(p, schedule(p, {"C": "Mon 02:00"}), "Blue")).parts == []


def test_the_night_of_a_clock_change_shows_both_zones() -> None:
    # London skips from 01:00 to 02:00 on 28 March 2027: 00:30 GMT and 3.5 real hours give 05:00 BST.
    one = event(world(weeks=5), "Blue", "2027-03-28T00:30Z")
    assert "Sun 28 Mar 2027 00:30 GMT to 05:00 BST" in one.one("DESCRIPTION")
    assert one.one("DTEND") == "20270328T040000Z"


@pytest.mark.parametrize(("day", "short"), [("Mon", True), ("Tue", False)])
def test_short_notice_is_said(day: str, short: bool) -> None:
    # Announced on 20 February: Monday 1 March is 9 calendar days later, Tuesday 10.
    p = world(levels=[level("premium", notice=10)], teams=[team("Blue", level="premium")])
    assert (
        "sorry for the short notice: you were promised 10 days" in event(p, "Blue", f"{day} 02:00").one("DESCRIPTION")
    ) is short


def test_no_money_no_technical_title_no_alarm_no_attendee() -> None:
    p = world(
        changes=[replace(change("CHG-1", services="db", delay=12345), title="RAID-6 rebuild", description="fw 3.1")]
    )
    text = team_feed(p, schedule(p, {"CHG-1": "Mon 02:00"}), "Blue").decode()
    for word in ("RAID", "fw 3.1", "EUR", "cost", "METHOD", "VALARM", "ATTENDEE", "ORGANIZER", "GEO", "TZID"):
        assert word not in text


def test_calendar_properties() -> None:
    p = world(decisions=[decide("CHG-1", "approve", "Mon 02:00", TOLD)])
    p = replace(
        p,
        policy=replace(p.policy, domain="maint.example.com"),
        teams={"Blue": replace(p.teams["Blue"], name="Sales, North")},
    )
    feed = strict_ical.read(team_feed(p, schedule(p, {"CHG-1": "Mon 02:00"}), "Blue"))
    assert feed.one("VERSION") == "2.0"
    assert feed.one("NAME") == feed.one("X-WR-CALNAME") == "Maintenance for Sales, North"
    assert feed.one("UID") == feed.one("X-WR-RELCALID") == "feed/Blue@maint.example.com"
    assert ("REFRESH-INTERVAL", ";VALUE=DURATION", "PT1H") in feed.properties
    assert feed.one("X-PUBLISHED-TTL") == "PT1H"
    assert feed.one("LAST-MODIFIED") == "20270210T090000Z"
    assert feed.parts[0].one("UID") == "CHG-1@maint.example.com"


def test_odd_ids_keep_their_own_uid() -> None:
    # RFC 3986 section 2.1: @ is 40, / is 2F, the UTF-8 octets of ü are C3 BC.
    odd = ["a@b", "a/b", "a b", "ü", "A", "a", "a%40b"]
    p = portfolio(changes=[change(name) for name in odd], users={("Blue", "app"): 1})
    feed = strict_ical.read(team_feed(p, schedule(p, dict.fromkeys(odd, "Mon 02:00")), "Blue"))
    uids = [one.one("UID").partition("@")[0] for one in feed.parts]
    assert uids == ["%C3%BC", "A", "a%20b", "a%2540b", "a%2Fb", "a%40b", "a"]


def test_two_renders_are_the_same_bytes_in_order_of_time() -> None:
    p, again = (portfolio(changes=[change(n) for n in "abc"], users={("Blue", "app"): 1}) for _ in range(2))
    starts = {"a": "Wed 02:00", "b": "Mon 02:00", "c": "Wed 02:00"}
    feed = team_feed(p, schedule(p, starts), "Blue")
    assert feed == team_feed(again, schedule(again, starts), "Blue")
    assert [one.one("UID")[0] for one in strict_ical.read(feed).parts] == ["b", "a", "c"]


HOSTILE = (
    st.text(st.characters(codec="utf-8") | st.sampled_from('\r\n\t\x00\x0b\x85\u2028\ufeff;,:\\"🎉ü'), max_size=120)
    | st.just("x\r\nBEGIN:VALARM\r\nEND:VALARM")
    | st.just("\ud800")
)


@settings(deadline=None, max_examples=100)
@given(
    notice=HOSTILE, service_name=HOSTILE, team_name=HOSTILE, id=HOSTILE.filter(bool), contact=HOSTILE, domain=HOSTILE
)
def test_no_text_of_users_can_break_the_stream(
    notice: str, service_name: str, team_name: str, id: str, contact: str, domain: str
) -> None:
    p = portfolio(
        changes=[replace(change(id, hours=2), what_you_will_notice=notice, workaround=service_name, why=notice)],
        services=[replace(service("app"), name=service_name, owner=contact, used_for=notice)],
        teams=[replace(team("Blue"), name=team_name)],
        users={("Blue", "app"): 1},
    )
    p = replace(p, policy=replace(p.policy, organizer=contact, domain=domain))
    stream = team_feed(p, schedule(p, {id: "Mon 02:00"}), "Blue")
    strict = strict_ical.read(stream)
    library = Calendar.from_ical(stream)
    other = vobject.readOne(stream.decode())
    (mine,), (theirs,) = strict.parts, library.walk("VEVENT")
    assert [str(theirs[key]) for key in ("UID", "SUMMARY", "DESCRIPTION")] == [
        mine.one(key) for key in ("UID", "SUMMARY", "DESCRIPTION")
    ]
    readable = " ".join(plain(team_name).split()) or "Blue"
    assert strict.one("NAME") == strict.one("X-WR-CALNAME") == f"Maintenance for {readable}"
    assert [part.name for part in other.components()] == ["VEVENT"]
    assert other.vevent.dtstart.value == theirs["DTSTART"].dt == datetime(2027, 3, 1, 2, tzinfo=UTC)
    assert other.vevent.dtend.value - other.vevent.dtstart.value == timedelta(hours=2)
    assert other.vevent.summary.value == mine.one("SUMMARY")
    assert other.vevent.uid.value == mine.one("UID")
