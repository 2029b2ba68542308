"""What a service's state costs each team in every slot, in whole cents.

The only place where money is rounded: cents = users × hours × cost per user-hour × factor, half up, once, in integer
arithmetic. `weighted` has the weight of the team's service level in the same product, before that one rounding. Bill
and solver read the same table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.demand.durations import chances
from scheduler.demand.topology import clients, effects
from scheduler.demand.usage import USAGE_PARTS, expected_users
from scheduler.portfolio import Portfolio, remembered

Cents = npt.NDArray[np.int64]
# All that factors depend on.
FACTOR_PARTS = ("policy", "changes", "services", "groups", "dependencies", "teams", "usage", "known_users")
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


@carried(*FACTOR_PARTS)
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
        self._nobody = np.zeros(portfolio.horizon.slots, dtype=np.int64)
        self._rates: dict[tuple[tuple[str, ...], bool], _Rates] = {}
        self._latest = "", self._nobody[None, :0]
        self._below = "", Fraction(0), self._nobody

    def cents(self, team: str, service: str, factor: Fraction) -> Cents:
        """Give what the team loses in each slot, in cents; 0 where it is no client of the service (or group)."""
        return self._price(team, service, factor, weighted=False)

    def weighted(self, team: str, service: str, factor: Fraction) -> Cents:
        """Give what is minimised in each slot: the loss times the weight of the team's service level, in cents."""
        return self._price(team, service, factor, weighted=True)

    def of_clients(self, service: str, factor: Fraction, within: slice = slice(None), *, weighted: bool) -> Cents:
        """Give `cents` or `weighted` of all clients of a service (or group) in some slots, shape (clients, slots)."""
        teams = self._clients.get(service, ())
        if within != slice(None):
            users = self._users_of(teams, service, within)
        else:
            if self._latest[0] != service:
                self._latest = service, self._users_of(teams, service, within)
            users = self._latest[1]
        return self._rates_of(teams, weighted=weighted).times(users, factor)

    def at_factors(
        self, service: str, slots: npt.NDArray[np.int64], factors: Sequence[Fraction]
    ) -> npt.NDArray[np.int64]:
        """Give `cents`, then `weighted`, of all clients in some slots, each at a factor of its own.

        The answer has shape (2, clients, slots).
        """
        teams = self._clients.get(service, ())
        common = lcm(*{factor.denominator for factor in factors})
        multiples = [factor.numerator * (common // factor.denominator) for factor in factors]
        users = self._users_of(teams, service, slots).astype(np.int64)
        if int(users.max(initial=0)) * max(multiples, default=0) > _LARGEST:
            each = zip(slots.tolist(), factors, strict=True)
            return np.concatenate([self._of_slot(service, slot, factor) for slot, factor in each], axis=2)
        users *= np.array(multiples, dtype=np.int64)
        return np.array(
            [self._rates_of(teams, weighted=weighted).times(users, Fraction(1, common)) for weighted in (False, True)]
        )

    def _of_slot(self, service: str, slot: int, factor: Fraction) -> npt.NDArray[np.int64]:
        within = slice(slot, slot + 1)
        return np.array([self.of_clients(service, factor, within, weighted=weighted) for weighted in (False, True)])

    def _users_of(
        self, teams: Sequence[str], service: str, within: slice | npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        rows = [self._users.within((team, service), within) for team in teams]
        return np.array(rows, dtype=np.int64).reshape(len(teams), len(self._nobody[within]))

    def service_weighted(self, service: str, factor: Fraction) -> Cents:
        """Give the sum of `weighted` over all clients of the service (or group)."""
        rows = self.of_clients(service, factor, weighted=True)
        if len(rows) * int(rows.max(initial=0)) > _LARGEST and sum(rows.max(axis=1, initial=0).tolist()) > _LARGEST:
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
                self._below = service, below, self.service_weighted(service, below) if below else self._nobody
            added = narrow(whole - self._below[2])
            added.flags.writeable = False
            known[key] = added
            self._below = service, factor, whole
        return added

    def _price(self, team: str, service: str, factor: Fraction, *, weighted: bool) -> Cents:
        users = self._users.get((team, service), self._nobody)
        cents: Cents = self._rates_of((team,), weighted=weighted).times(users[None], factor)[0]
        cents.flags.writeable = False
        return cents

    def _rates_of(self, teams: tuple[str, ...], *, weighted: bool) -> "_Rates":
        if (teams, weighted) not in self._rates:
            hours = Fraction(self._portfolio.horizon.slot_minutes, 60)
            rates = []
            for team in teams:
                weight = self._portfolio.level_of(team).weight if weighted else 1
                rates.append(hours * self._portfolio.teams[team].cost_cents_per_user_hour * weight / 1000)
            self._rates[teams, weighted] = _Rates.of(rates)
        return self._rates[teams, weighted]


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


@dataclass(frozen=True, slots=True)
class _Rates:
    """The cents of one slot per thousandth of a user, of some teams: fractions over one denominator.

    Dividing by a single number is several times faster than by one for each row.
    """

    numerators: tuple[int, ...]
    denominator: int

    @classmethod
    def of(cls, rates: Sequence[Fraction]) -> "_Rates":
        denominator = lcm(*(rate.denominator for rate in rates))
        return cls(tuple(rate.numerator * (denominator // rate.denominator) for rate in rates), denominator)

    def times(self, users: npt.NDArray[np.int64], factor: Fraction) -> Cents:
        """Multiply each row of users by its rate and round half up, exactly; nothing is negative.

        Raises
        ------
        OverflowError
            Where a price does not fit into 64 bits, which no sane portfolio reaches.
        """
        numerators = [2 * factor.numerator * numerator for numerator in self.numerators]
        denominator = 2 * factor.denominator * self.denominator
        common = gcd(denominator // 2, *numerators)
        numerators, denominator = [numerator // common for numerator in numerators], denominator // common
        if int(users.max(initial=0)) * max(numerators, default=0) + denominator <= _LARGEST:
            cents: Cents = users * np.array(numerators, dtype=np.int64)[:, None]
            cents += denominator // 2
            cents //= denominator
            return cents
        exact = [
            [(value * numerator + denominator // 2) // denominator for value in row]
            for row, numerator in zip(users.tolist(), numerators, strict=True)
        ]
        return np.array(exact, dtype=np.int64).reshape(users.shape)
