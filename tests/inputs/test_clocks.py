# Most naive datetimes here are wall-clock times on purpose.
# ruff: noqa: DTZ001
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.horizon import Window, wall_to_utc
from scheduler.inputs.clocks import Clock, Component, clock_of, defined_clocks
from scheduler.inputs.recurrence import Budget, RuleError

INSIDE = Window(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def part(name: str, **properties: str) -> Component:
    return Component(name, [(key, {}, value) for key, value in properties.items()])


def berlin(**more: str) -> Component:
    daylight = part("DAYLIGHT", DTSTART="19810329T020000", TZOFFSETFROM="+0100", TZOFFSETTO="+0200",
                    RRULE="FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", **more)  # fmt: skip
    standard = part("STANDARD", DTSTART="19961027T030000", TZOFFSETFROM="+0200", TZOFFSETTO="+0100",
                    RRULE="FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU")  # fmt: skip
    zone = part("VTIMEZONE", TZID="Our zone")
    zone.inside += [daylight, standard]
    return Component("VCALENDAR", inside=[zone])


OURS = defined_clocks(berlin(), INSIDE, Budget(100_000))["Our zone"]


def test_hand_worked_changes_of_a_defined_clock() -> None:
    # Clocks go forward at 02:00 on 28 March 2027 (01:00 UTC) and back at 03:00 on 31 October (01:00 UTC).
    assert OURS.to_utc(datetime(2027, 3, 28, 1, 59)) == datetime(2027, 3, 28, 0, 59, tzinfo=UTC)
    assert OURS.to_utc(datetime(2027, 3, 28, 2, 30)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert OURS.to_utc(datetime(2027, 3, 28, 3)) == datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert OURS.to_utc(datetime(2027, 10, 31, 2, 30)) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert OURS.to_utc(datetime(2027, 10, 31, 3)) == datetime(2027, 10, 31, 2, tzinfo=UTC)
    assert OURS.to_wall(datetime(2027, 10, 31, 1, 30, tzinfo=UTC)) == datetime(2027, 10, 31, 2, 30)
    assert OURS.to_wall(datetime(2027, 7, 1, tzinfo=UTC)) == datetime(2027, 7, 1, 2)


@given(st.datetimes(datetime(2027, 1, 2), datetime(2027, 12, 30)))
def test_a_clock_defined_like_a_known_one_agrees_with_it(wall: datetime) -> None:
    known = wall_to_utc(wall, "Europe/Berlin")
    assert OURS.to_utc(wall) == known
    assert OURS.to_wall(known) == known.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)


def test_what_the_file_defines_beats_the_name() -> None:
    zone = part("VTIMEZONE", TZID="GMT")
    zone.inside.append(part("STANDARD", DTSTART="19700101T000000", TZOFFSETFROM="+0300", TZOFFSETTO="+0300"))
    defined = defined_clocks(Component("VCALENDAR", inside=[zone]), INSIDE, Budget(100))
    clock = clock_of("GMT", defined)
    assert clock is not None
    assert clock.to_utc(datetime(2027, 1, 5, 12)) == datetime(2027, 1, 5, 9, tzinfo=UTC)


def test_dates_of_change_may_be_listed_or_end() -> None:
    # Summer time came until 2020 and once more in 2027.
    zone = berlin(RDATE="20270401T000000").inside[0]
    zone.inside[0].properties = [one for one in zone.inside[0].properties if one[0] != "RRULE"]
    zone.inside[0].properties.append(("RRULE", {}, "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20200401T000000Z"))
    clock = defined_clocks(Component("VCALENDAR", inside=[zone]), INSIDE, Budget(100_000))["Our zone"]
    assert clock.to_utc(datetime(2027, 3, 31, 12)) == datetime(2027, 3, 31, 11, tzinfo=UTC)
    assert clock.to_utc(datetime(2027, 4, 2, 12)) == datetime(2027, 4, 2, 10, tzinfo=UTC)


def test_rules_that_ended_before_the_range_still_count() -> None:
    # Permanent summer time since March 2011, without a change ever after.
    zone = part("VTIMEZONE", TZID="X")
    zone.inside.append(part("DAYLIGHT", DTSTART="20110327T020000", TZOFFSETFROM="+0300", TZOFFSETTO="+0400"))
    zone.inside.append(part("STANDARD", DTSTART="20000326T030000", TZOFFSETFROM="+0400", TZOFFSETTO="+0300",
                            RRULE="FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20101031T000000Z"))  # fmt: skip
    clock = defined_clocks(Component("VCALENDAR", inside=[zone]), INSIDE, Budget(100_000))["X"]
    assert clock.to_utc(datetime(2027, 1, 1, 12)) == datetime(2027, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
     ("/x/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"), ("W. Europe Standard Time", "Europe/Berlin"),
     ("UTC", "UTC"), ("Europe/Nowhere", None), ("", None)],
)  # fmt: skip
def test_names_of_zones(name: str, zone: str | None) -> None:
    assert clock_of(name, {}) == (Clock(zone=zone) if zone else None)


WRONG = [
    ({"TZOFFSETFROM": "0100"}, "0100 is not an offset such as +0100"),
    ({"DTSTART": "1981"}, "1981 is not a time such as 19970330T020000"),
    ({"RRULE": "FREQ=SECONDLY"}, "FREQ=SECONDLY comes back too often to be expanded; use HOURLY or rarer"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), WRONG)
def test_definitions_that_cannot_be_read(change: dict[str, str], reason: str) -> None:
    calendar = berlin()
    properties = calendar.inside[0].inside[0].properties
    calendar.inside[0].inside[0].properties = [(key, {}, change.get(key, value)) for key, _, value in properties]
    with pytest.raises(RuleError) as caught:
        defined_clocks(calendar, INSIDE, Budget(100_000))
    assert str(caught.value) == f"its time zone 'Our zone' cannot be read: {reason}"


def test_a_definition_without_content() -> None:
    calendar = Component("VCALENDAR", inside=[part("VTIMEZONE", TZID="X")])
    with pytest.raises(RuleError, match="has neither STANDARD nor DAYLIGHT"):
        defined_clocks(calendar, INSIDE, Budget(10))


def test_a_known_zone_is_asked_for_its_own_rules() -> None:
    clock = Clock(zone="Asia/Singapore")
    assert clock.to_utc(datetime(2027, 1, 1, 8)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert clock.to_wall(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2027, 1, 1, 8)
    assert clock.to_wall(clock.to_utc(datetime(2027, 1, 1)) + timedelta(hours=1)) == datetime(2027, 1, 1, 1)
