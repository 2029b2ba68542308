"""A window chosen by hand is priced by what runs beside it, which comes to what the whole bill says."""

import random
from pathlib import Path

from small_desk import bring, plan

from scheduler.batch import sample_folder
from scheduler.desk.judging import Bench
from scheduler.desk.position import planned
from scheduler.desk.store import Store
from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, lost_cents, place, total
from scheduler.verify import bill, verify


def test_prices_and_broken_rules_are_those_of_whole_plans(tmp_path: Path) -> None:
    sample, dice = load(sample_folder()), random.Random(5)
    with Store(tmp_path / "desk.db", create=True) as store:
        bring(store, sample)
        plan(store)
        with store.reading() as connection:
            bench = Bench(connection, sample.now)
    both = 0
    for change in dice.sample(sorted(sample.changes), 12):
        portfolio = planned(bench.portfolio, bench.at, free=[change])
        schedule = bench.at.schedule(portfolio)
        last = portfolio.horizon.slots - portfolio.reserved(change)
        start = portfolio.horizon.at(dice.randrange(last))
        others = [one for one in schedule.placements if one.change != change]
        there = sorted([*others, place(portfolio, change, start)], key=lambda one: one.change)
        out, then, had = (_judged(portfolio, Schedule(tuple(some))) for some in (others, there, schedule.placements))
        found = bench.judged(change, start)
        assert (found.cents, found.weighted_cents) == (then[0] - out[0], then[1] - out[1])
        if change in schedule.by_change:
            assert (found.more_cents, found.more_weighted_cents) == (then[0] - had[0], then[1] - had[1])
        assert set(found.broken) == then[2] - out[2]
        both += bool(found.broken) and found.cents > 0
    assert both


def _judged(portfolio: Portfolio, schedule: Schedule) -> tuple[int, int, set[object]]:
    charges = bill(portfolio, schedule)
    return lost_cents(charges), total(charges), set(verify(portfolio, schedule))
