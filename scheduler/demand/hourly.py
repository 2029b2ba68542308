"""Hours that work is charged for: a price per slot, paid once while any of some changes has it reserved.

Each change can have slots of its own in which it is charged, as the hours that an allowed calendar leaves out depend on
what else a change may use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Schedule, known

Member = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """What one row of a file charges: cents per slot, on whose behalf, and where for each change, shape (slots,)."""

    cents: int
    charged: Mapping[str, Mask]
    team: str = ""


def cents_per_slot(portfolio: Portfolio, cents_per_hour: int) -> int:
    """Give the price of a slot, rounded half up to a cent."""
    return (2 * cents_per_hour * portfolio.horizon.slot_minutes + 60) // 120


def charges(portfolio: Portfolio, schedule: Schedule, cost: str, price: HourlyPrice) -> Iterator[Charge]:
    """Bill every slot in which some change is charged, in equal parts, what is left over to the first by id.

    Neighbouring slots of a change are one row.
    """
    horizon = portfolio.horizon
    active: dict[int, list[str]] = {}
    for placement in sorted(known(portfolio, schedule), key=lambda one: one.change):
        mask = price.charged.get(placement.change)
        first, last = horizon.floor(placement.start), horizon.ceil(placement.reserved_until)
        for slot in range(max(0, first), min(last, horizon.slots)):
            if mask is not None and mask[slot]:
                active.setdefault(slot, []).append(placement.change)
    parts: dict[str, dict[int, int]] = {}
    for slot, changes in active.items():
        each, rest = divmod(price.cents, len(changes))
        for change in changes:
            parts.setdefault(change, {})[slot] = each + rest if change == changes[0] else each
    for change, of_slot in parts.items():
        # The place in the list less the slot stays the same along neighbouring slots.
        for _, run in groupby(enumerate(sorted(of_slot)), key=lambda one: one[0] - one[1]):
            slots = [slot for _, slot in run]
            cents = sum(of_slot[slot] for slot in slots)
            if cents:
                yield Charge(
                    cost=cost,
                    team=price.team,
                    service="",
                    change=change,
                    start=horizon.at(slots[0]),
                    end=horizon.at(slots[-1] + 1),
                    share=Fraction(1),
                    cents=cents,
                    weighted_cents=cents,
                )


def cells(portfolio: Portfolio, price: HourlyPrice) -> Iterator[tuple[npt.NDArray[np.int64], list[Member]]]:
    """Give weight and members of the cells that charge the same: one for each set of changes that some slots charge."""
    alike: dict[bytes, list[str]] = {}
    for change, mask in price.charged.items():
        alike.setdefault(mask.tobytes(), []).append(change)
    groups = list(alike.values())
    if not groups or not price.cents:
        return
    table = np.array([price.charged[changes[0]] for changes in groups])
    patterns, pattern_of = np.unique(table, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        if pattern.any():
            members = [
                (change, 0, portfolio.reserved(change))
                for changes, there in zip(groups, pattern, strict=True)
                if there
                for change in changes
            ]
            yield price.cents * (pattern_of.reshape(-1) == number).astype(np.int64), members
