"""What a service's state costs each team in every slot, in whole cents.

The only place where money is rounded: cents = users × hours × cost per user-hour × factor, half up, once, in integer
arithmetic. `weighted` has the weight of the team's service level in the same product, before that one rounding. Bill
and solver read the same table.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from scheduler.demand.durations import chances
from scheduler.demand.topology import clients, effects
from scheduler.demand.usage import expected_users
from scheduler.portfolio import Portfolio, remembered

Cents = npt.NDArray[np.int64]
_LARGEST = int(np.iinfo(np.int64).max)


def factors(portfolio: Portfolio, change: str) -> Mapping[str, tuple[Fraction, ...]]:
    """Give the factor of each node per slot from the start of a change, over its reserved window.

    The factor is the share of its state (out 1, degraded `degraded_share`) × the chance that the change still holds it
    down, or `redundancy_failure_per_hour` where the node is at REDUCED-REDUNDANCY, whichever is larger. Nodes without
    a client, or whose factors are all 0, are absent; the rest come in the order of their ids.
    """
    effect, users = effects(portfolio)[change], clients(portfolio)
    running = chances(portfolio, change)
    found: dict[str, tuple[Fraction, ...]] = {}
    for node in sorted(effect.out | effect.degraded | effect.reduced):
        if node not in users:
            continue
        share = Fraction(node in effect.out) or portfolio.policy.degraded_share * (node in effect.degraded)
        least = portfolio.policy.redundancy_failure_per_hour * (node in effect.reduced)
        row = tuple(max(share * chance, least) for chance in running)
        if any(row):
            found[node] = row
    return found


class Prices:
    """The price of every team, service and slot at a factor; arrays of shape (slots,), not to be written to."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._users = expected_users(portfolio)
        self._clients = clients(portfolio)
        self._known: dict[tuple[str, str, Fraction, bool], Cents] = {}
        self._sums: dict[tuple[str, Fraction], Cents] = {}

    def cents(self, team: str, service: str, factor: Fraction) -> Cents:
        """Give what the team loses in each slot, in cents; 0 where it is no client of the service (or group)."""
        return self._price(team, service, factor, weighted=False)

    def weighted(self, team: str, service: str, factor: Fraction) -> Cents:
        """Give what is minimised in each slot: the loss times the weight of the team's service level, in cents."""
        return self._price(team, service, factor, weighted=True)

    def service_weighted(self, service: str, factor: Fraction) -> Cents:
        """Give the sum of `weighted` over all clients of the service (or group)."""
        key = (service, factor)
        if key not in self._sums:
            rows = [self.weighted(team, service, factor) for team in self._clients.get(service, ())]
            if sum(int(row.max(initial=0)) for row in rows) > _LARGEST:
                raise OverflowError(f"the price of {service} does not fit into 64 bits")
            total = np.zeros(self._portfolio.horizon.slots, dtype=np.int64)
            for row in rows:
                total += row
            total.flags.writeable = False
            self._sums[key] = total
        return self._sums[key]

    def _price(self, team: str, service: str, factor: Fraction, *, weighted: bool) -> Cents:
        key = (team, service, factor, weighted)
        if key not in self._known:
            users = self._users.get((team, service))
            if users is None:
                users = np.zeros(self._portfolio.horizon.slots, dtype=np.int64)
            rate = Fraction(self._portfolio.teams[team].cost_cents_per_user_hour * self._portfolio.horizon.slot_minutes)
            weight = self._portfolio.level_of(team).weight if weighted else Fraction(1)
            # Users are thousandths and the rate is per 60 minutes.
            self._known[key] = _times(users, rate * factor * weight / 60_000)
        return self._known[key]


@remembered
def prices(portfolio: Portfolio) -> Prices:
    """Give the price table of a portfolio; each entry is computed when first asked for."""
    return Prices(portfolio)


def _times(users: npt.NDArray[np.int64], rate: Fraction) -> Cents:
    """Multiply by a fraction and round half up, exactly; no value and no rate is negative.

    Raises
    ------
    OverflowError
        Where a price does not fit into 64 bits, which no sane portfolio reaches.
    """
    double, denominator = 2 * rate.numerator, rate.denominator
    largest = int(users.max(initial=0))
    if largest * double + denominator <= _LARGEST and 2 * denominator <= _LARGEST:
        cents: Cents = (users * np.int64(double) + np.int64(denominator)) // np.int64(2 * denominator)
    else:
        cents = np.array([(int(value) * double + denominator) // (2 * denominator) for value in users], dtype=np.int64)
    cents.flags.writeable = False
    return cents
