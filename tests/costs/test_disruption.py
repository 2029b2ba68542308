import pytest
from builders import assert_cost, change, decide, portfolio, when

from scheduler.costs.disruption import COST
from scheduler.portfolio import Portfolio

TOLD = "2027-02-20T09:00Z"


def world(move: int = 0, per_day: int = 0, now: str | None = None, before: str = "Mon 02:00 +1w") -> Portfolio:
    return portfolio(
        changes=[change("A", drop=0), change("B")],
        announced={"A": (before, TOLD)},
        move_cost=move,
        move_cost_per_day=per_day,
        now=now,
        weeks=3,
    )


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        # Now is Monday 1 March, the window was announced for Monday 8 March: 7 days left, twice the price.
        ("Mon 02:00 +1w", 0),
        ("Mon 02:30 +1w", 2000),
        ("Mon 02:00", 2000),
        ("Mon 02:00 +2w", 2000),
    ],
)
def test_the_price_of_any_move(start: str, cents: int) -> None:
    assert_cost(COST, world(move=1000), {"A": start, "B": "Tue 02:00"}, cents=cents)


@pytest.mark.parametrize(
    ("now", "cents"),
    [
        ("Mon 00:00", 2000),
        ("Mon 23:30", 2000),  # still seven calendar days
        ("Tue 00:00", 2167),  # 6 days: 1,000 + 7,000 / 6 = 2,166.67
        ("Sat 12:00", 4500),  # 2 days
        ("Sun 12:00", 8000),  # 1 day
        ("Mon 01:00 +1w", 8000),  # the day itself counts as one
        ("Tue 01:00 +1w", 8000),  # and so does a day that is gone
    ],
)
def test_dearer_as_the_day_nears(now: str, cents: int) -> None:
    assert_cost(COST, world(move=1000, now=now), {"A": "Wed 02:00 +1w"}, cents=cents)


def test_days_left_are_those_of_the_policy() -> None:
    # 1 March 23:30 UTC is 2 March in Singapore, and 8 March 17:00 UTC is 9 March there: seven days. By UTC as well,
    # but from 8 March 15:00 UTC, 23:00 in Singapore, there are only six.
    def there(before: str) -> Portfolio:
        return portfolio(
            changes=[change("A")],
            announced={"A": (before, TOLD)},
            move_cost=1000,
            start="2027-02-28T16:00Z",
            now="2027-03-01T23:30Z",
            zone="Asia/Singapore",
            weeks=3,
        )

    assert_cost(COST, there("2027-03-08T17:00Z"), {"A": "2027-03-10T00:00Z"}, cents=2000)
    assert_cost(COST, there("2027-03-08T15:00Z"), {"A": "2027-03-10T00:00Z"}, cents=2167)


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        ("Mon 02:00 +1w", 0),
        ("Tue 02:00 +1w", 100),
        ("Sun 02:00", 100),  # earlier is as far
        ("Mon 14:00 +1w", 50),
        ("Mon 02:30 +1w", 2),  # 100 / 48 = 2.08
        ("Mon 02:00 +2w", 700),
    ],
)
def test_the_price_of_each_day(start: str, cents: int) -> None:
    assert_cost(COST, world(per_day=100), {"A": start}, cents=cents)


def test_both_parts_are_rounded_once() -> None:
    # 6 days left: 10 + 70 / 6 = 21.67; a slot further 40 / 48 = 0.83: 22.5, half up (rounded apart: 22 + 1 as well);
    # three slots 2.5: 24.17 (rounded apart 22 + 3 = 25).
    p = world(move=10, per_day=40, now="Tue 00:00")
    assert_cost(COST, p, {"A": "Mon 02:30 +1w"}, cents=23)
    assert_cost(COST, p, {"A": "Mon 03:30 +1w"}, cents=24)


@pytest.mark.parametrize("before", ["Mon 02:10 +1w", "Mon 02:00 +4w"])
def test_a_place_that_is_gone(before: str) -> None:
    # Off the grid or past the horizon: every start is a move. 50 minutes at 1,440 a day are 50 cents.
    p = world(per_day=1440, before=before)
    hours = {"Mon 02:10 +1w": 50, "Mon 02:00 +4w": 7 * 1440 * 3 - 60}
    assert_cost(COST, p, {"A": "Mon 03:00 +1w"}, cents=hours[before])


def test_what_was_approved_was_announced_and_what_was_rejected_is_not() -> None:
    def decided(kind: str) -> Portfolio:
        row = decide("A", kind, "Mon 02:00 +1w")  # type: ignore[arg-type]
        announced = {"A": ("Mon 02:00 +1w", TOLD)} if kind == "reject" else None
        return portfolio(
            changes=[change("A")], decisions=[row], announced=announced, approved_may_move=True, move_cost=5, weeks=3
        )

    assert_cost(COST, decided("approve"), {"A": "Wed 02:00"}, cents=10)
    assert_cost(COST, decided("reject"), {"A": "Wed 02:00"}, cents=0)
    assert_cost(COST, decided("pin"), {"A": "Wed 02:00"}, cents=0)


def test_left_out_is_no_move() -> None:
    assert_cost(COST, world(move=1000, per_day=100), {"B": "Mon 02:00"}, cents=0)


def test_rows() -> None:
    (row,) = assert_cost(COST, world(move=1000), {"A": "Mon 02:00", "B": "Mon 02:00"}, cents=2000)
    assert (row.cost, row.change, row.start, row.end) == ("disruption", "A", when("Mon 02:00"), when("Mon 02:00 +1w"))
