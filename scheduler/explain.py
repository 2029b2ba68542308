"""Why every change is where it is: its price by team, the rules that bind, other windows and what forbids cheaper ones.

All other changes stay where they are. Extra costs are what is minimised, so weighted by service level; what teams lose
is client money.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scheduler.baselines import priced_everywhere, without_look_ahead
from scheduler.demand.occasions import occasions
from scheduler.demand.topology import affected_teams
from scheduler.demand.usage import assumed
from scheduler.explanation import BindingRule, BindingTogether, Explanation, ForbiddenWindow, OtherWindow, PriceCurve
from scheduler.horizon import Mask, Window
from scheduler.portfolio import Portfolio
from scheduler.rules import RULES
from scheduler.rules.same_window import together_with
from scheduler.schedule import CLIENT_COSTS, Charge, Placement, Schedule, notice_given, place
from scheduler.solver.state import State
from scheduler.standing import standing
from scheduler.verify import bill
from scheduler.wording import listing

OTHER_WINDOWS = 5
CHEAPER_FORBIDDEN = 3
MOST_TOGETHER = 3


def explain(portfolio: Portfolio, schedule: Schedule, changes: Iterable[str] | None = None) -> list[Explanation]:
    """Explain the windows of some changes, or of all in the order of changes.csv.

    Raises
    ------
    KeyError
        If the portfolio has no such change.
    ValueError
        If a placement does not start on the grid of the horizon.
    """
    chosen = list(portfolio.changes if changes is None else changes)
    for change in chosen:
        _ = portfolio.changes[change]
    witness = Witness(portfolio, schedule)
    return [witness.explain(change) for change in chosen]


class Witness:
    """A schedule, priced, with every change but the one asked about held still.

    Takes the change asked about out and puts it back, so it must not be asked by two threads at once.
    """

    def __init__(self, portfolio: Portfolio, schedule: Schedule) -> None:
        self.portfolio, self.schedule = portfolio, schedule
        prices = priced_everywhere(portfolio)
        self.index = prices.problem.index
        self.prices, self.rules = State(prices), State(without_look_ahead(portfolio))
        horizon = portfolio.horizon
        self.slots: dict[str, int] = {}
        for placement in schedule.placements:
            slot = horizon.floor(placement.start)
            if (
                placement.change not in self.index
                or not horizon.on_grid(placement.start)
                or not 0 <= slot < horizon.slots
            ):
                raise ValueError(f"{placement.change} does not start on the grid of the horizon")
            if placement.change in self.slots:
                raise ValueError(f"{placement.change} is placed twice")
            self.slots[placement.change] = slot
            for state in (self.prices, self.rules):
                state.place(self.index[placement.change], slot)
        self.assumed = assumed(portfolio)
        self._partners = _partners(portfolio)
        self.charges: dict[str, list[Charge]] = defaultdict(list)
        self.lost: dict[tuple[str, str], list[Charge]] = defaultdict(list)
        self.cents = 0
        for charge in bill(portfolio, schedule):
            self.cents += charge.weighted_cents
            self.charges[charge.change].append(charge)
            if charge.cost in CLIENT_COSTS:
                self.lost[charge.team, charge.service].append(charge)

    def curve(self, change: str, *, at_least: bool = False) -> PriceCurve:
        """Price every start of a change and say which rules forbid it; `at_least` also bounds what others can mend."""
        least = None
        if at_least:
            # Loaded for this alone: whoever just explains a plan needs no OR-Tools.
            from scheduler.solver.least import least_extra

            least = least_extra(self.portfolio, change, self.cents)
        number, slot = self.index[change], self.slots.get(change)
        for state in (self.prices, self.rules):
            if slot is not None:
                state.remove(number)
        price, forbidden = self.prices.marginal(number), self.rules.forbidden(number)
        for state in (self.prices, self.rules):
            if slot is not None:
                state.place(number, slot)
        return PriceCurve(
            change=change,
            slot=slot,
            cents=price,
            now_cents=int(price[slot]) if slot is not None else self.prices.compiled.drop[number] or 0,
            forbidden=forbidden,
            at_least=least,
        )

    def explain(self, change: str) -> Explanation:
        """Say everything there is to say about the window of a change."""
        curve = self.curve(change)
        price, forbidden, now = curve.cents, curve.forbidden, curve.now_cents
        drop = self.prices.compiled.drop[self.index[change]]
        placement = self.schedule.by_change.get(change)
        charges = self.charges[change]
        policy = self.portfolio.policy
        binding, together = self._binding(change, curve)
        return Explanation(
            change=change,
            title=self.portfolio.changes[change].title,
            placement=placement,
            cents=sum(one.cents for one in charges),
            weighted_cents=sum(one.weighted_cents for one in charges),
            by_team=_sums((one.team, one.cents) for one in charges),
            by_cost=_sums((one.cost, one.cents) for one in charges),
            assumed=tuple(sorted({one.team for one in charges if (one.team, one.service) in self.assumed})),
            shares_with=self._sharing(change),
            binding=tuple(binding),
            together=tuple(together),
            others=tuple(self._others(change, price, forbidden, now)),
            forbidden=tuple(self._cheaper(change, price, forbidden, now)),
            drop_extra_cents=drop - now if placement and drop is not None else None,
            remarks=tuple(self._remarks(change, forbidden)),
            time_zone=policy.time_zone,
            currency=policy.currency,
        )

    def _sharing(self, change: str) -> tuple[str, ...]:
        """Name the changes that pay part of the same outage: rows of one team and service that overlap in time."""
        return tuple(
            sorted(
                {
                    other.change
                    for own in self.charges[change]
                    if own.cost in CLIENT_COSTS
                    for other in self.lost[own.team, own.service]
                    if other.change != change and Window(own.start, own.end).overlaps(Window(other.start, other.end))
                }
            )
        )

    def _binding(self, change: str, curve: PriceCurve) -> tuple[list[BindingRule], list[BindingTogether]]:
        """Find the rules that bind, and sets of rules of which none can be spared, those that save most first."""
        laws = {rule.name: rule.law for rule in RULES}
        shut_out = curve.slot is None and bool(_any(list(curve.forbidden.values()), len(curve.cents)).all())
        best = curve.best_without()
        limit = curve.now_cents if curve.slot is not None or not shut_out else None
        legal = best.get(frozenset())
        if legal is not None:
            limit = min(curve.now_cents, int(curve.cents[legal]))
        found = []
        for rules, slot in best.items():
            fewer = [int(curve.cents[other]) for some, other in best.items() if some < rules]
            least = min([*fewer, *([] if limit is None else [limit])], default=None)
            if rules and (least is None or curve.cents[slot] < least):
                found.append((curve.now_cents - int(curve.cents[slot]), rules, slot))
        found.sort(key=lambda one: (len(one[1]), -one[0]))
        order = {rule.name: number for number, rule in enumerate(RULES)}
        single: list[BindingRule] = []
        together: list[BindingTogether] = []
        for saving, rules, slot in found:
            names = tuple(sorted(rules, key=lambda name: order[name]))
            if len(names) > 1 and len(together) == MOST_TOGETHER:
                break
            window, texts = self._window(change, slot), self._words(change, slot, names)
            if len(names) == 1:
                single.append(
                    BindingRule(rule=names[0], law=laws[names[0]], saving_cents=saving, window=window, texts=texts)
                )
            else:
                together.append(BindingTogether(rules=names, saving_cents=saving, window=window, texts=texts))
        return single, together

    def _others(
        self, change: str, price: npt.NDArray[np.int64], forbidden: Mapping[str, Mask], now: int
    ) -> Iterator[OtherWindow]:
        legal = ~_any(list(forbidden.values()), len(price))
        current = self.slots.get(change)
        length = self.portfolio.reserved(change)
        taken = [] if current is None else [current]
        chosen = _apart(legal, price, length, taken, OTHER_WINDOWS)
        best = _cheapest(legal, price)
        if best is not None and price[best] < min([now, *(int(price[slot]) for slot in chosen)]):
            # It overlaps the present window, but to hide that it is open and cheaper would not be honest.
            chosen = [best, *chosen][:OTHER_WINDOWS]
        if len(chosen) < OTHER_WINDOWS:
            # Few stretches are open: neighbours of what was found are better than nothing.
            legal[[*chosen, *taken]] = False
            rest = np.flatnonzero(legal)
            chosen += [int(slot) for slot in rest[np.argsort(price[rest], kind="stable")]][
                : OTHER_WINDOWS - len(chosen)
            ]
        for slot in sorted(chosen, key=lambda one: (int(price[one]), one)):
            yield OtherWindow(window=self._window(change, slot), extra_cents=int(price[slot]) - now)

    def _cheaper(
        self, change: str, price: npt.NDArray[np.int64], forbidden: Mapping[str, Mask], now: int
    ) -> Iterator[ForbiddenWindow]:
        outside = forbidden.get("horizon", np.zeros(len(price), dtype=np.bool_))
        tempting = _any(list(forbidden.values()), len(price)) & ~outside & (price < now)
        for slot in _apart(tempting, price, self.portfolio.reserved(change), [], CHEAPER_FORBIDDEN):
            rules = tuple(rule.name for rule in RULES if rule.name in forbidden and forbidden[rule.name][slot])
            yield ForbiddenWindow(
                window=self._window(change, slot),
                saving_cents=now - int(price[slot]),
                rules=rules,
                texts=self._words(change, slot, rules),
            )

    def _words(self, change: str, slot: int, rules: Sequence[str]) -> tuple[str, ...]:
        """Say what `verify` would say of some rules if the change were moved to a slot."""
        window = self._window(change, slot)
        partners = self._partners[change]
        moved = place(self.portfolio, change, window.start)
        everybody = [one for one in self.schedule.placements if one.change != change] + [moved]
        starts, ends = self._reserved
        beside = np.flatnonzero((starts < window.end.timestamp()) & (ends > window.start.timestamp()))
        around = [self.schedule.placements[number] for number in beside]
        around += [self.schedule.by_change[one] for one in sorted(partners) if one in self.slots]
        nearby = [*{one.change: one for one in around if one.change != change}.values(), moved]
        texts: list[str] = []
        for rule in (rule for rule in RULES if rule.name in rules):
            # What runs at other times seldom matters, and to check it all takes a large portfolio minutes.
            for some in (nearby, everybody):
                found = [one.text for one in rule.check(self.portfolio, Schedule(tuple(some))) if change in one.changes]
                texts += found
                if found:
                    break
        return tuple(texts)

    @cached_property
    def _reserved(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Give when every placement begins and ends to be reserved, in seconds, in the order of the schedule."""
        every = [one.reserved for one in self.schedule.placements]
        return np.array([one.start.timestamp() for one in every]), np.array([one.end.timestamp() for one in every])

    def _window(self, change: str, slot: int) -> Window:
        start = self.portfolio.horizon.at(slot)
        return Window(start, start + self.portfolio.reserved(change) * self.portfolio.horizon.slot)

    def _remarks(self, change: str, forbidden: Mapping[str, Mask]) -> Iterator[str]:
        placement = self.schedule.by_change.get(change)
        if placement is None:
            rules = [rule.name for rule in RULES if rule.name in forbidden]
            left = not _any(list(forbidden.values()), self.portfolio.horizon.slots).all()
            if change in self.portfolio.done:
                yield "already done"
            elif left:
                yield "left out, although windows are open; see what they would cost"
            else:
                # Loaded for what has no window alone: whoever just explains a plan needs no OR-Tools.
                from scheduler.solver.clash import emptied_by

                emptied = emptied_by(self.portfolio, change)
                if emptied:
                    yield f"no window is left, wherever the others are: {'; '.join(one.text for one in emptied)}"
                else:
                    yield f"no window is left beside the other changes under {listing(rules)}"
            return
        tied = together_with(self.portfolio, change)
        if tied:
            yield f"starts together with {listing(tied)}, so that alone it cannot move"
        late = late_notice(self.portfolio, placement)
        if late:
            said = [f"{team} gets {given} of {promised} days" for team, (given, promised) in late.items()]
            why = _why_late(self.portfolio, placement)
            yield f"shorter notice than promised{why}: {listing(said)}"
        yield from occasions(self.portfolio, affected_teams(self.portfolio, change), placement.reserved)


def _partners(portfolio: Portfolio) -> Mapping[str, set[str]]:
    """Give for every change those that it names, or that name it, wherever they are."""
    partners: dict[str, set[str]] = defaultdict(set)
    for change in portfolio.changes.values():
        for other in (*(one.change for one in change.after), *change.not_with, *change.same_window_as):
            partners[change.id].add(other)
            partners[other].add(change.id)
    return partners


def late_notice(portfolio: Portfolio, placement: Placement) -> Mapping[str, tuple[int, int]]:
    """Give (days given, days promised) for every affected team that hears of a window later than it was promised."""
    promises = {team: portfolio.notice_days(team) for team in affected_teams(portfolio, placement.change)}
    given = {team: notice_given(portfolio, placement, team) for team in promises}
    return {team: (given[team], days) for team, days in promises.items() if days is not None and given[team] < days}


def _why_late(portfolio: Portfolio, placement: Placement) -> str:
    change = portfolio.changes[placement.change]
    if change.type == "emergency":
        return ", as this is an emergency"
    if placement.start in (change.fixed_start, standing(portfolio).pinned.get(change.id)):
        return ", as the window is pinned"
    return ""


def _any(masks: Sequence[Mask], slots: int) -> Mask:
    return np.logical_or.reduce(masks) if masks else np.zeros(slots, dtype=np.bool_)


def _cheapest(open_starts: Mask, price: npt.NDArray[np.int64]) -> int | None:
    slots = np.flatnonzero(open_starts)
    return int(slots[np.argmin(price[slots])]) if len(slots) else None


def _apart(open_starts: Mask, price: npt.NDArray[np.int64], length: int, taken: Sequence[int], most: int) -> list[int]:
    """Pick the cheapest starts whose windows of `length` slots overlap neither each other nor those taken."""
    left = open_starts.copy()
    for slot in taken:
        left[max(0, slot - length + 1) : slot + length] = False
    chosen: list[int] = []
    while len(chosen) < most and (found := _cheapest(left, price)) is not None:
        chosen.append(found)
        left[max(0, found - length + 1) : found + length] = False
    return chosen


def _sums(rows: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for key, cents in rows:
        sums[key] += cents
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
