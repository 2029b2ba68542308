from dataclasses import replace
from datetime import UTC, datetime, timedelta

from builders import change, portfolio

from scheduler.demand.learnt import Learnt, learnt
from scheduler.portfolio import PastWork, Portfolio

START = datetime(2027, 1, 5, tzinfo=UTC)


def past(name: str, minutes: float, kind: str = "normal", services: tuple[str, ...] = ()) -> PastWork:
    end = START + timedelta(minutes=minutes)
    return PastWork(change=name, kind=kind, services=services, actual_start=START, actual_end=end)


def world(*history: PastWork, name: str = "A") -> Portfolio:
    return replace(portfolio(changes=[change(name)]), history=history)


def test_lengths_of_a_kind() -> None:
    # Of 10, 20, 30, 40 and 50 minutes the median is 30; nine tenths of the way from first to last is 40 + 0.6 * 10.
    history = [past(f"P{minutes}", minutes) for minutes in (50, 10, 30, 20, 40)]
    assert learnt(world(*history)) == {"A": Learnt(30, 46, 5, "normal work")}
    # Half-minutes are rounded up: the median of four is 25.5.
    assert learnt(world(*(past("P", minutes) for minutes in (10, 20, 31, 40))))["A"].p50_minutes == 26


def test_the_kind_is_the_type_of_change_however_written() -> None:
    history = [past("P", 10, kind="Normal"), past("Q", 10, kind="normal"), past("R", 10, kind="normal")]
    assert learnt(world(*history))["A"].works == 3
    assert learnt(world(*history[:2])) == {}
    assert learnt(world(*history[:2], past("R", 10, kind="emergency"))) == {}


def test_work_without_real_times_says_nothing() -> None:
    history = [past("P", 10), past("Q", 10), replace(past("R", 10), actual_end=None)]
    assert learnt(world(*history)) == {}


def test_the_nearest_past_counts() -> None:
    # A works on app. Three works on app took 10 minutes, others took an hour.
    near = [past(name, 10, services=("app", "x")) for name in "PQR"]
    far = [past(name, 60, services=("x",)) for name in "STU"]
    assert learnt(world(*near, *far)) == {"A": Learnt(10, 10, 3, "normal work on its services")}
    assert learnt(world(*near[:2], *far)) == {"A": Learnt(60, 60, 5, "normal work")}


def test_earlier_occurrences_are_nearest() -> None:
    history = [past(f"A@2027-01-{day}", 15, kind="") for day in (5, 12, 19)]
    near = [past(name, 60, services=("app",)) for name in "PQR"]
    found = learnt(world(*history, *near, name="A@2027-03-02"))
    assert found == {"A@2027-03-02": Learnt(15, 15, 3, "earlier A")}
