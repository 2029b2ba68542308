"""What events make of a forecast, by hand and against a reading minute by minute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from builders import MONDAY, event, portfolio
from demand.records import person, recorded, users_at, weekly
from strategies import Seeded

from scheduler.demand.events import with_events
from scheduler.demand.usage import expected_users
from scheduler.horizon import Horizon
from scheduler.portfolio import Event, Portfolio


def world(*events: Event) -> Portfolio:
    """Blue has 60 users on app and 20 on mail, Green 10 on app, at all times; nobody uses wiki."""
    blue, green = person("blue", uses="wiki"), person("green")
    rows = [
        row
        for team, service, users in ((blue, "app", 60), (blue, "mail", 20), (green, "app", 10), (blue, "wiki", 0))
        for row in weekly(team, lambda _, users=users: users, MONDAY, weeks=2, service=service)
    ]
    return replace(recorded(rows, [blue, green]), events=events)


def at(p: Portfolio, local: str) -> list[float]:
    """Blue on app and mail, Green on app."""
    return [
        users_at(p, team, local, service) for team, service in (("blue", "app"), ("blue", "mail"), ("green", "app"))
    ]


def test_without_events() -> None:
    assert at(world(), "Tue 10:00") == [60, 20, 10]


def test_a_factor_multiplies_all_services_of_the_team_while_it_lasts() -> None:
    p = world(event("blue", "Tue 10:00", "Tue 12:00", factor="1.5"))
    assert at(p, "Tue 09:30") == [60, 20, 10]
    assert at(p, "Tue 10:00") == [90, 30, 10]
    assert at(p, "Tue 11:30") == [90, 30, 10]
    assert at(p, "Tue 12:00") == [60, 20, 10]


def test_all_teams() -> None:
    p = world(event("*", "Tue 00:00", "Wed 00:00", factor="0.1"))
    assert at(p, "Tue 23:30") == [6, 2, 1]


def test_overlapping_factors_multiply() -> None:
    p = world(event("*", "Tue 10:00", "Tue 12:00", factor="0.5"), event("blue", "Tue 11:00", "Tue 13:00", factor="3"))
    assert at(p, "Tue 10:30") == [30, 10, 5]
    assert at(p, "Tue 11:00") == [90, 30, 5]
    assert at(p, "Tue 12:30") == [180, 60, 10]


def test_users_replace_the_sum_in_proportion() -> None:
    p = world(event("blue", "Tue 10:00", "Tue 12:00", users=200))
    assert at(p, "Tue 10:00") == [150, 50, 10]


def test_users_of_all_teams_are_all_there_are() -> None:
    p = world(event("*", "Tue 10:00", "Tue 12:00", users=9))
    assert at(p, "Tue 10:00") == [6, 2, 1]


def test_a_number_stands_over_factors_and_that_of_a_team_over_that_of_all() -> None:
    p = world(
        event("blue", "Tue 10:00", "Tue 12:00", users=8),
        event("blue", "Tue 10:00", "Tue 12:00", factor="5"),
        event("*", "Tue 11:00", "Tue 12:00", users=45),
    )
    assert at(p, "Tue 10:00") == [6, 2, 10]
    # Of 45, Green has 10 in 410 (Blue's 80 five times): 1.098.
    assert at(p, "Tue 11:00") == [6, 2, 1.098]


def test_of_two_numbers_the_later_row_holds() -> None:
    p = world(event("blue", "Tue 10:00", "Tue 12:00", users=8), event("blue", "Tue 10:00", "Tue 12:00", users=4))
    assert at(p, "Tue 10:00") == [3, 1, 10]


def test_part_of_a_slot_is_averaged() -> None:
    # Ten minutes of thirty at nought.
    p = world(event("blue", "Tue 10:10", "Tue 10:20", factor="0"))
    assert at(p, "Tue 10:00") == [40, 13.333, 10]


def test_where_nobody_is_expected_the_averages_tell_the_proportion() -> None:
    # Blue works in the first half of the week only, with 30 on app and 10 on mail.
    blue = person("blue")
    rows = [
        row
        for service, users in (("app", 30), ("mail", 10))
        for row in weekly(blue, lambda m, users=users: users * (m < 5040), MONDAY, weeks=2, service=service)
    ]
    p = replace(recorded(rows, [blue]), events=(event("blue", "Sat 10:00", "Sat 12:00", users=8),))
    assert users_at(p, "blue", "Sat 09:30") == 0
    assert [users_at(p, "blue", "Sat 10:00", service) for service in ("app", "mail")] == [6, 2]


def test_where_nobody_ever_is_all_get_the_same() -> None:
    users = with_events(
        np.zeros((2, 4)), ["t", "t"], Horizon(MONDAY, 4, 30, "UTC"), [event("t", "Mon 00:00", "Mon 02:00", users=8)]
    )
    assert users.tolist() == [[4] * 4, [4] * 4]


def test_assumed_users_follow_events_and_known_ones_do_not() -> None:
    lunch = event("*", "Tue 12:00", "Tue 13:00", factor="0.5")
    assumed = replace(recorded([], [person("t", uses="app", headcount=10)]), events=(lunch,))
    assert users_at(assumed, "t", "Tue 11:30") == 10
    assert users_at(assumed, "t", "Tue 12:00") == 5
    known = portfolio(users={("t", "app"): 10}, events=[lunch])
    assert users_at(known, "t", "Tue 12:00") == 10


def test_events_outside_the_horizon_change_nothing() -> None:
    past = event("blue", "2027-02-01T00:00Z", "Mon 00:00", factor="9")
    later = event("blue", "Mon 00:00 +1w", "Mon 10:00 +1w", users=1)
    assert expected_users(world(past, later))["blue", "app"].tolist() == [60_000] * 336
    across = event("blue", "2027-02-01T00:00Z", "Mon 00:30", factor="2")
    assert expected_users(world(across))["blue", "app"].tolist() == [120_000] + [60_000] * 335


def test_what_was_recorded_during_an_event_teaches_nothing() -> None:
    # The last Tuesday had five times as many users, and the file says why.
    blue = person("blue")
    rows = weekly(blue, lambda _: 60, MONDAY, weeks=3)
    fair = event("blue", "2027-02-23T00:00Z", "2027-02-24T00:00Z", factor="5")
    rows = [(*row[:4], 300.0 if fair.start <= row[2] < fair.end else row[4]) for row in rows]
    p = recorded(rows, [blue])
    assert users_at(p, "blue", "Tue 10:00") > 100
    assert expected_users(replace(p, events=(fair,)))["blue", "app"].tolist() == [60_000] * 336
    # Of another team it teaches all the same, and where there is nothing else it is better than nothing.
    other = replace(fair, team="green")
    assert users_at(replace(p, teams=p.teams | {"green": person("green")}, events=(other,)), "blue", "Tue 10:00") > 100
    always = event("*", "2027-01-01T00:00Z", "Mon 00:00", factor="1")
    assert users_at(replace(p, events=(always,)), "blue", "Mon 10:00") == 60


def minute_by_minute(
    users: np.ndarray, teams: Sequence[str], steps: Horizon, events: Sequence[Event]
) -> list[list[float]]:
    """The law, read for each minute and averaged."""
    usual = [Fraction(float(row.mean())) for row in users]
    found = []
    for step in range(steps.slots):
        sums = [Fraction(0)] * len(teams)
        for minute in range(steps.slot_minutes):
            now = steps.at(step) + timedelta(minutes=minute)
            on = [one for one in events if one.start <= now < one.end]
            row = [Fraction(float(users[n, step])) for n in range(len(teams))]
            for one in on:
                for n, team in enumerate(teams):
                    if one.factor is not None and one.team in ("*", team):
                        row[n] *= one.factor
            numbers = [one for one in on if one.users is not None]
            for one in [one for one in numbers if one.team == "*"] + [one for one in numbers if one.team != "*"]:
                rows = [n for n, team in enumerate(teams) if one.team in ("*", team)]
                weights = [row[n] for n in rows]
                if not sum(weights):
                    weights = [usual[n] for n in rows]
                if not sum(weights):
                    weights = [Fraction(1) for _ in rows]
                for n, weight in zip(rows, weights, strict=True):
                    row[n] = one.users * weight / sum(weights)
            sums = [total + value for total, value in zip(sums, row, strict=True)]
        found.append([float(total / steps.slot_minutes) for total in sums])
    return found


@pytest.mark.parametrize("seed", range(25))
def test_against_a_reading_minute_by_minute(seed: int) -> None:
    choice = Seeded(seed)
    steps, teams = Horizon(MONDAY, 8, 15, "UTC"), ["a", "a", "b", "c"]
    users = np.array([[choice.pick([0, 0, 1, 2.5, 7]) for _ in range(8)] for _ in teams])
    events = []
    for _ in range(choice.integer(1, 5)):
        start = MONDAY + timedelta(minutes=choice.integer(-20, 110))
        number = choice.pick([None, None, Fraction(0), Fraction(5, 2), Fraction(30)])
        events.append(
            Event(
                team=choice.pick(["a", "b", "*"]),
                start=start,
                end=start + timedelta(minutes=choice.integer(1, 60)),
                factor=choice.pick([Fraction(0), Fraction(1, 2), Fraction(3)]) if number is None else None,
                users=number,
            )
        )
    found = with_events(users, teams, steps, events)
    np.testing.assert_allclose(found.T, minute_by_minute(users, teams, steps, events), atol=1e-9)
