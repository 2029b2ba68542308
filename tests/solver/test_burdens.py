"""What teams lose, kept beside a plan, against the bill of the same plan."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
from builders import change, portfolio
from oracle_effects import schedule_at
from strategies import Seeded, random_portfolio, random_starts

from scheduler.demand.burden import burdens, sizes
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS
from scheduler.solver.burdens import Burdens
from scheduler.verify import bill


def billed(p: Portfolio, starts: Mapping[str, int]) -> list[int]:
    lost = dict.fromkeys(sizes(p), 0)
    for charge in bill(p, schedule_at(p, starts)):
        if charge.cost in CLIENT_COSTS and charge.team in lost:
            lost[charge.team] += charge.cents
    return list(lost.values())


@pytest.mark.parametrize("seed", range(60))
def test_burdens_are_those_of_the_bill(seed: int) -> None:
    choice = Seeded(seed)
    p = random_portfolio(choice)
    starts = random_starts(choice, p)
    names = sorted(p.changes)
    kept = Burdens(p, names)
    known = {name: slot for name, slot in starts.items() if 0 <= slot < p.horizon.slots}
    for name, slot in known.items():
        kept.place(names.index(name), slot)
    assert kept.lost.tolist() == billed(p, known)
    worst = burdens(p, bill(p, schedule_at(p, known)))
    assert kept.worst() == max(worst.values(), default=Fraction(0))
    for name in list(known):
        number, slot = names.index(name), known.pop(name)
        kept.remove(number, slot)
        assert kept.lost.tolist() == billed(p, known)
        # Where it stood, it adds what it took.
        before = kept.lost.copy()
        (added,) = kept.added(number, [slot])
        assert (before + added).tolist() == billed(p, known | {name: slot})


def test_pressure_is_the_weighted_sum_of_what_a_start_adds() -> None:
    # Blue loses 50 cents a slot of app, Green 100 a slot; two slots at weights 1 and 1/2 are 2 x (50 + 50) = 200.
    p = portfolio(changes=[change("A", hours=1)], users={("Blue", "app"): 1, ("Green", "app"): 2})
    kept = Burdens(p, ["A"])
    pressure = kept.pressure(0, np.array([1.0, 0.5]))
    assert np.allclose(pressure[: p.horizon.slots - 1], 200, rtol=1e-4)
    kept.place(0, 5)
    assert kept.lost.tolist() == [100, 200]
    assert np.allclose(kept.pressure(0, np.array([1.0, 0.5]))[[4, 5, 6, 7]], [100, 0, 100, 200], rtol=1e-4)
