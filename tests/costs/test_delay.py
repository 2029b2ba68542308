import pytest
from builders import Instant, assert_cost, change, portfolio, when

from scheduler.costs.delay import COST


@pytest.mark.parametrize(
    ("earliest", "start", "cents"),
    [
        # 1,000 cents a day.
        (None, "Mon 00:00", 0),
        (None, "Tue 00:00", 1000),
        (None, "Mon 12:00", 500),
        (None, "Mon 00:30", 21),  # 1,000 / 48 = 20.83
        (None, "Mon 01:00", 42),  # 41.67
        (None, "Mon 01:30", 63),  # 62.5: half up
        ("Tue 00:00", "Wed 00:00", 1000),
        ("Tue 00:00", "Tue 00:00", 0),
        ("Tue 00:10", "Tue 00:30", 14),  # 20 minutes: 13.89
        ("2027-02-01T00:00Z", "Tue 00:00", 1000),  # counted from the start of the horizon
        ("Wed 00:00", "Tue 00:00", 0),  # too soon, which is a rule's to say
    ],
)
def test_cents(earliest: Instant | None, start: str, cents: int) -> None:
    p = portfolio(changes=[change("A", earliest=earliest, delay=1000)])
    assert_cost(COST, p, {"A": start}, cents=cents)


def test_days_are_24_hours_across_a_clock_change() -> None:
    # London, 28 March 2027: Sunday has 23 hours. 2,400 cents a day is a cent a hundredth of an hour.
    p = portfolio(
        changes=[change("A", earliest="2027-03-28T00:00+00:00", delay=2400)],
        start="2027-03-22T00:00Z",
        weeks=2,
        zone="Europe/London",
    )
    assert_cost(COST, p, {"A": "2027-03-29T00:00+01:00"}, cents=2300)


def test_rows() -> None:
    p = portfolio(changes=[change("A", earliest="Mon 06:00", delay=1000), change("B", delay=48), change("C")])
    rows = assert_cost(COST, p, {"A": "Mon 12:00", "B": "Mon 00:30", "C": "Tue 00:00"}, cents=251)
    assert [(row.change, row.start, row.end, row.cents, row.team, row.service) for row in rows] == [
        ("A", when("Mon 06:00"), when("Mon 12:00"), 250, "", ""),
        ("B", when("Mon 00:00"), when("Mon 00:30"), 1, "", ""),
    ]


def test_left_out_costs_no_delay() -> None:
    assert_cost(COST, portfolio(changes=[change("A", delay=1000, drop=1)]), {}, cents=0)
