from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from scheduler.horizon import WeeklyHours
from scheduler.portfolio import Forecast, ServiceLevel


def test_every_key(folder: Any) -> None:
    folder.policy(
        """time_zone = "Europe/London"
        slot_minutes = 15
        currency = "GBP"
        organizer = "desk@example.com"
        domain = "example.com"
        degraded_share = 0.3
        failure_chance = 0.05
        redundancy_failure_per_hour = 0.001
        approved_may_move = true
        [service_levels.premium]
        weight = 1.5
        notice_days = 5
        [service_levels."very basic"]
        [forecast]
        prior_weeks = 1.5
        half_life_weeks = 4
        history_weeks = 8
        """
    )
    policy = folder.load().policy
    assert policy.start == datetime(2027, 3, 1, tzinfo=UTC)
    assert (policy.name, policy.weeks, policy.time_zone, policy.slot_minutes) == ("Small", 4, "Europe/London", 15)
    assert (policy.currency, policy.organizer, policy.domain) == ("GBP", "desk@example.com", "example.com")
    # Shares are exact: 0.3 as a float is not three tenths.
    assert policy.degraded_share == Fraction(3, 10)
    assert policy.redundancy_failure_per_hour == Fraction(1, 1000)
    assert policy.failure_chance == 0.05
    assert policy.approved_may_move
    assert policy.service_levels == {
        "premium": ServiceLevel(name="premium", weight=Fraction(3, 2), notice_days=5),
        "very basic": ServiceLevel(name="very basic"),
    }
    assert policy.forecast == Forecast(prior_weeks=1.5, half_life_weeks=4.0, history_weeks=8)


def test_defaults(folder: Any) -> None:
    policy = folder.load().policy
    assert (policy.time_zone, policy.slot_minutes, policy.currency) == ("UTC", 30, "EUR")
    assert (policy.degraded_share, policy.failure_chance) == (Fraction(3, 10), 0.02)
    assert (policy.redundancy_failure_per_hour, policy.fairness_epsilon, policy.tail_weight) == (0, 0.01, 0)
    assert (policy.move_cost_cents, policy.move_cost_cents_per_day, policy.max_moves) == (0, 0, None)
    assert (policy.approved_may_move, policy.service_levels, policy.forecast) == (False, {}, Forecast())


@pytest.mark.parametrize(
    ("start", "instant"),
    [
        ("2027-03-01", "2027-02-28T23:00:00+00:00"),
        ("2027-03-01T08:00:00", "2027-03-01T07:00:00+00:00"),
        ('"2027-03-01 08:00"', "2027-03-01T07:00:00+00:00"),
        ("2027-03-01T08:00:00+08:00", "2027-03-01T00:00:00+00:00"),
    ],
)
def test_start_in_all_forms(folder: Any, start: str, instant: str) -> None:
    # Madrid is an hour ahead of UTC in winter.
    portfolio = folder.policy("", start=start, time_zone='"Europe/Madrid"').load()
    assert portfolio.policy.start.isoformat() == instant


BROKEN = [
    ({"weeks": "0"}, "row 4, weeks: 0 is less than 1; write 1 or more"),
    ({"weeks": "105"}, "row 4, weeks: 105 is more than 104; write 104 or less"),
    ({"weeks": "[8]"}, "row 4, weeks: '[8]' is not a single value; write one"),
    ({"weeks": "true"}, "row 4, weeks: 'yes' is not a whole number; write digits, such as 60"),
    ({"slot_minutes": "45"}, "row 5, slot_minutes: 45 is not one of 15, 30, 60; write one of these"),
    ({"time_zone": '"Londn"'}, "row 5, time_zone: 'Londn' is not a time zone; did you mean 'Europe/London'?"),
    (
        {"start": "2027-03-01T00:00:30Z"},
        "row 4, start: '2027-03-01T00:00:30+00:00' is not on a whole minute; leave the seconds out",
    ),
    ({"degraded_share": "1.5"}, "row 5, degraded_share: 1.5 is more than 1; write 1 or less"),
    ({"degraded_share": "nan"},
     "row 5, degraded_share: 'NaN' is not a number; write a number from 0 to 1, such as 0.25"),
    ({"organizer": '"desk"'},
     "row 5, organizer: 'desk' is not an e-mail address; write an address such as desk@example.com"),
    (
        {"service_levels": "3"},
        "row 5, service_levels: 3 is not a table; write [service_levels] on a line of its own, and its keys below",
    ),
    (
        {"now": "2027-03-29T00:00:00Z"},
        "row 4, now: 2027-03-29T00:00:00Z is not before the end of the horizon (2027-03-29T00:00:00Z); "
        "choose an earlier instant, or a later start in policy.toml",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "problem"), BROKEN)
def test_broken_keys(folder: Any, keys: dict[str, str], problem: str) -> None:
    assert folder.policy("", **keys).problems() == [f"policy.toml, {problem}"]


def test_problems_inside_tables_have_their_line(folder: Any) -> None:
    folder.policy("[service_levels.premium]\nweight = 1.2345\n\n[ service_levels . 'basic' ]\nnotice_days = -1")
    assert folder.problems() == [
        "policy.toml, row 6, service_levels.premium.weight: 1.2345 has more than 3 decimals; round it",
        "policy.toml, row 9, service_levels.basic.notice_days: -1 is less than 0; write 0 or more",
    ]


def test_names_of_service_levels_are_ids(folder: Any) -> None:
    folder.policy('[service_levels."a;b"]\n[service_levels." gold"]\n[service_levels."x\\u001b[31m"]')
    assert folder.problems() == [
        "policy.toml, service_levels.x\\x1b[31m: 'x\\x1b[31m' has a control character in it; delete it",
        "policy.toml, row 5, service_levels.a;b: 'a;b' has a ';' in it, which separates ids in lists; "
        "choose an id without it",
        "policy.toml, row 6, service_levels. gold: ' gold' is no name for a service level; "
        "write one without spaces around",
    ]


def test_missing_keys(folder: Any) -> None:
    assert folder.write("policy.toml", "currency = 'EUR'\nname = ''\n").problems() == [
        "policy.toml, start: this required key is missing; add it",
        "policy.toml, weeks: this required key is missing; add it",
        "policy.toml, row 2, name: this required cell is empty; fill it in",
    ]


def test_what_is_not_toml(folder: Any) -> None:
    problems = folder.write("policy.toml", "name = Small\n").problems()
    assert problems == ["policy.toml: is not TOML (Invalid value (at line 1, column 8)); correct that line"]


def test_unknown_keys_are_warned_about(folder: Any) -> None:
    folder.policy("slot_minuts = 15\n[service_levels.gold]\nwight = 2\n[forecast]\nx = 1")
    assert folder.warnings() == [
        "policy.toml, row 5, slot_minuts: unknown key, ignored; did you mean 'slot_minutes'?",
        "policy.toml, row 7, service_levels.gold.wight: unknown key, ignored; did you mean 'weight'?",
        "policy.toml, row 9, forecast.x: unknown key, ignored",
    ]


def test_limits_and_prices_of_moves(folder: Any) -> None:
    folder.policy(
        "move_cost = 10\nmove_cost_per_day = 2.50\nmax_moves = 0\ntail_weight = 0\n"
        '[service_levels.gold]\nmax_outage_minutes_per_28_days = 120\nprotected_hours = "Mon-Fri 08:00-18:00"\n'
    )
    assert folder.warnings() == []
    policy = folder.load().policy
    assert (policy.move_cost_cents, policy.move_cost_cents_per_day, policy.max_moves) == (1000, 250, 0)
    level = policy.service_levels["gold"]
    assert level.max_outage_minutes_per_28_days == 120
    assert level.protected_hours == WeeklyHours.parse("Mon-Fri 08:00-18:00")


def test_the_weight_of_the_worst_tenth_is_a_share(folder: Any) -> None:
    assert folder.policy("tail_weight = 0.5").load().policy.tail_weight == 0.5
    folder.policy("tail_weight = 1.5")
    assert len(folder.problems()) == 1


def test_fractions_keep_every_digit(folder: Any) -> None:
    policy = folder.policy("degraded_share = 0.123456789012345678").load().policy
    assert policy.degraded_share == Fraction(Decimal("0.123456789012345678"))
