"""Patterns by the day of the month: planted ones are found, chance makes none, and forecasts use them."""

from datetime import date

import numpy as np
import pytest

from scheduler.demand.month_ends import LEAST_DAYS, PLACES, Pattern, find_patterns

FIRST = date(2025, 1, 1).toordinal()
YEAR = np.arange(FIRST, FIRST + 420)


def noisy(seed, days=YEAR):
    """A weekly rhythm and a slow drift, times noise of 15 % a day that lasts (autocorrelation 0.4)."""
    draw = np.random.default_rng(seed)
    noise = np.zeros(len(days))
    for at in range(1, len(days)):
        noise[at] = 0.4 * noise[at - 1] + draw.normal(0, 0.15)
    week = np.array([100, 110, 105, 100, 90, 20, 15.0])[(days - 1) % 7]
    return week * np.linspace(1, 1.3, len(days)) * np.exp(noise)


def planted(place, factor, seed):
    return noisy(seed) * Pattern(place, factor, 0, 0).factors(YEAR, "GB-ENG")


def test_planted_month_ends_are_found_in_eighteen_of_twenty():
    found = 0
    for seed in range(20):
        patterns = find_patterns(planted("last working day of the month", 1.6, seed), YEAR, "GB-ENG")
        found += any(one.place.startswith("last") and 1.3 < one.factor < 2.0 for one in patterns)
    assert found >= 18


def test_chance_makes_at_most_one_false_alarm_in_twenty():
    assert sum(bool(find_patterns(noisy(1000 + seed), YEAR, "GB-ENG")) for seed in range(40)) <= 2


@pytest.mark.parametrize("place", [PLACES[1], PLACES[2], PLACES[3], "day 25 of the month, or the working day before"])
def test_other_places_are_found_too(place):
    found = find_patterns(planted(place, 1.8, 3), YEAR, "GB-ENG")
    assert found
    assert found[0].place == place
    assert found[0].factor == pytest.approx(1.8, rel=0.2)


def test_the_days_of_a_place():
    # May 2026 ends on Sunday the 31st: Friday the 29th is the last working day. 25 May is a bank holiday, a Monday:
    # who is paid on the 25th is paid on Friday the 22nd. December's last working day is Thursday the 31st.
    def days(place, first, last, code="GB-ENG"):
        span = np.arange(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
        factors = Pattern(place, 2.0, 0, 0).factors(span, code)
        return [str(date.fromordinal(int(day))) for day in span[factors == 2]]

    assert days(PLACES[0], "2026-05-01", "2026-05-31") == ["2026-05-29"]
    assert days("day 25 of the month, or the working day before", "2026-05-01", "2026-05-31") == ["2026-05-22"]
    assert days(PLACES[3], "2026-02-01", "2026-06-30") == ["2026-03-30", "2026-03-31", "2026-06-29", "2026-06-30"]
    assert days(PLACES[2], "2027-01-01", "2027-01-31") == ["2027-01-04"]
    # A leap day is the last working day of its month only in a leap year.
    assert days(PLACES[0], "2028-02-01", "2028-02-29") == ["2028-02-29"]


def test_short_history_has_no_patterns():
    assert find_patterns(planted(PLACES[0], 3.0, 1)[: LEAST_DAYS - 1], YEAR[: LEAST_DAYS - 1], "GB-ENG") == ()


def test_gaps_and_zeros_are_no_patterns():
    assert find_patterns(np.full(len(YEAR), np.nan), YEAR) == ()
    assert find_patterns(np.zeros(len(YEAR)), YEAR) == ()
    assert find_patterns(np.full(len(YEAR), 7.0), YEAR) == ()


def test_one_outage_is_no_pattern():
    users = noisy(5)
    users[400] = 0.01
    assert find_patterns(users, YEAR, "GB-ENG") == ()
