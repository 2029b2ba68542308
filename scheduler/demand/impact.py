"""What a service's state costs each team in every slot, in whole cents.

The only place where money is rounded: cents = users × hours × cost per user-hour × factor, half up, once, in integer
arithmetic. `weighted` has the weight of the team's service level in the same product, before that one rounding. Bill
and solver read the same table.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.demand.durations import chances
from scheduler.demand.topology import clients, effects
from scheduler.demand.usage import USAGE_PARTS, expected_users
from scheduler.portfolio import Portfolio, remembered

Cents = npt.NDArray[np.int64]
_LARGEST = int(np.iinfo(np.int64).max)
_LARGEST_IN_32_BITS = int(np.iinfo(np.int32).max)


def factors(portfolio: Portfolio, change: str) -> Mapping[str, tuple[Fraction, ...]]:
    """Give the factor of each node per slot from the start of a change, over its reserved window.

    The factor is the share of its state (out 1, degraded `degraded_share`) × the chance that the change still holds it
    down, or `redundancy_failure_per_hour` where the node is at REDUCED-REDUNDANCY, whichever is larger. Nodes without
    a client, or whose factors are all 0, are absent; the rest come in the order of their ids. Equal rows
    are one object.
    """
    return _factors(portfolio)[change]


@remembered
def _factors(portfolio: Portfolio) -> Mapping[str, Mapping[str, tuple[Fraction, ...]]]:
    """Give `factors` of every change; those with the same effect and chances share theirs."""
    policy, users = portfolio.policy, clients(portfolio)
    rows: dict[object, tuple[Fraction, ...]] = {}
    equal: dict[tuple[Fraction, ...], tuple[Fraction, ...]] = {}
    alike: dict[object, dict[str, tuple[Fraction, ...]]] = {}
    found: dict[str, Mapping[str, tuple[Fraction, ...]]] = {}
    for change in portfolio.changes.values():
        # What chances depend on, and effects, which changes with the same services share.
        spread = (change.duration_minutes, change.duration_p90_minutes, change.backout_minutes, change.failure_chance)
        effect = effects(portfolio)[change.id]
        if (id(effect), spread) not in alike:
            of_change = alike[id(effect), spread] = {}
            for node in sorted((effect.out | effect.degraded | effect.reduced) & users.keys()):
                state = node in effect.out, node in effect.degraded, node in effect.reduced
                if (state, spread) not in rows:
                    share = Fraction(state[0]) or policy.degraded_share * state[1]
                    least = policy.redundancy_failure_per_hour * state[2]
                    row = tuple(max(share * chance, least) for chance in chances(portfolio, change.id))
                    rows[state, spread] = equal.setdefault(row, row)
                if any(rows[state, spread]):
                    of_change[node] = rows[state, spread]
        found[change.id] = alike[id(effect), spread]
    return found


class Prices:
    """The price of every team, service and slot at a factor; arrays of shape (slots,), not to be written to.

    They are computed when asked for and not kept: thousands of services and factors would fill gigabytes.
    """

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._users = expected_users(portfolio)
        self._clients = clients(portfolio)
        self._rates: dict[tuple[str, bool], Fraction] = {}
        self._latest: tuple[str, Cents, Sequence[Fraction]] = ("", np.zeros((0, portfolio.horizon.slots), np.int64), ())
        self._below: tuple[str, Fraction, Cents] = ("", Fraction(0), np.zeros(portfolio.horizon.slots, np.int64))

    def cents(self, team: str, service: str, factor: Fraction, within: slice = slice(None)) -> Cents:
        """Give what the team loses in each slot, in cents; 0 where it is no client of the service (or group).

        With `within` only those slots are priced.
        """
        return self._price(team, service, factor, within, weighted=False)

    def weighted(self, team: str, service: str, factor: Fraction, within: slice = slice(None)) -> Cents:
        """Give what is minimised in each slot: the loss times the weight of the team's service level, in cents."""
        return self._price(team, service, factor, within, weighted=True)

    def service_weighted(self, service: str, factor: Fraction) -> Cents:
        """Give the sum of `weighted` over all clients of the service (or group)."""
        if self._latest[0] != service:
            teams = [team for team in self._clients.get(service, ()) if (team, service) in self._users]
            users = np.array([self._users[team, service] for team in teams], dtype=np.int64)
            shape = len(teams), self._portfolio.horizon.slots
            self._latest = service, users.reshape(shape), [self._rate(team, weighted=True) for team in teams]
        _, users, rates = self._latest
        rows = _times(users, [rate * factor for rate in rates])
        if sum(rows.max(axis=1, initial=0).tolist()) > _LARGEST:
            raise OverflowError(f"the price of {service} does not fit into 64 bits")
        total: Cents = rows.sum(axis=0)
        total.flags.writeable = False
        return total

    def added_weighted(self, service: str, below: Fraction, factor: Fraction) -> npt.NDArray[np.integer]:
        """Give what `service_weighted` adds from one factor to a larger one, in 32 bits where it fits.

        A portfolio made from this one by `dataclasses.replace` gets the same arrays, as long as somebody keeps them.
        """
        known, key = _added(self._portfolio), (service, below, factor)
        added = known.get(key)
        if added is None:
            whole = self.service_weighted(service, factor)
            if self._below[:2] != (service, below):
                self._below = service, below, self.service_weighted(service, below)
            added = narrow(whole - self._below[2])
            added.flags.writeable = False
            known[key] = added
            self._below = service, factor, whole
        return added

    def _price(self, team: str, service: str, factor: Fraction, within: slice, *, weighted: bool) -> Cents:
        users = self._users.get((team, service))
        if users is None:
            users = np.zeros(self._portfolio.horizon.slots, dtype=np.int64)
        cents: Cents = _times(users[None, within], [self._rate(team, weighted=weighted) * factor])[0]
        cents.flags.writeable = False
        return cents

    def _rate(self, team: str, *, weighted: bool) -> Fraction:
        """Give the cents of one slot per thousandth of a user."""
        if (team, weighted) not in self._rates:
            per_slot = self._portfolio.teams[team].cost_cents_per_user_hour * self._portfolio.horizon.slot_minutes
            weight = self._portfolio.level_of(team).weight if weighted else 1
            self._rates[team, weighted] = Fraction(per_slot, 60_000) * weight
        return self._rates[team, weighted]


@remembered
def prices(portfolio: Portfolio) -> Prices:
    """Give the price table of a portfolio."""
    return Prices(portfolio)


class _Arrays(WeakValueDictionary[tuple[str, Fraction, Fraction], npt.NDArray[np.integer]]):
    """Arrays that somebody holds; a copy of it, or what another process gets, holds none."""

    def __reduce__(self) -> tuple[type["_Arrays"], tuple[()]]:
        return _Arrays, ()


@carried(*USAGE_PARTS)
def _added(portfolio: Portfolio) -> _Arrays:
    return _Arrays()


def narrow(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Keep whole numbers that are not negative in 32 bits where they fit."""
    return numbers.astype(np.int32, copy=False) if numbers.max(initial=0) <= _LARGEST_IN_32_BITS else numbers


def _times(users: npt.NDArray[np.int64], rates: Sequence[Fraction]) -> Cents:
    """Multiply each row by its fraction and round half up, exactly; no value and no rate is negative.

    Raises
    ------
    OverflowError
        Where a price does not fit into 64 bits, which no sane portfolio reaches.
    """
    # Over one denominator for all rows, as dividing by a single number is several times faster.
    denominator = lcm(*(rate.denominator for rate in rates))
    doubles = [2 * rate.numerator * (denominator // rate.denominator) for rate in rates]
    largest = int(users.max(initial=0)) * max(doubles, default=0)
    if largest + denominator <= _LARGEST and 2 * denominator <= _LARGEST:
        factors_of = np.array(doubles, dtype=np.int64)[:, None]
        cents: Cents = (users * factors_of + np.int64(denominator)) // np.int64(2 * denominator)
        return cents
    exact = [
        [(value * double + denominator) // (2 * denominator) for value in row]
        for row, double in zip(users.tolist(), doubles, strict=True)
    ]
    return np.array(exact, dtype=np.int64).reshape(users.shape)
