"""What an explanation of one window holds, and how it reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scheduler.horizon import Mask, Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import Placement
from scheduler.wording import instant_text, listing, money_text, window_text


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWindow:
    """A legal window (the whole reserved time) that a change could take instead, and what it costs on top."""

    window: Window
    extra_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRule:
    """A rule without which this change alone could be cheaper, by how much, and where.

    Of a change that has no window and none left, also a rule without which it could have one; what that costs on top
    of leaving it out is then a saving below 0.
    """

    rule: str
    law: str
    saving_cents: int
    window: Window
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingTogether:
    """Rules that must all be gone before this change alone could be cheaper by that much: fewer of them save less."""

    rules: tuple[str, ...]
    saving_cents: int
    window: Window
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbiddenWindow:
    """A window that would cost less but is forbidden, by which rules, and how `verify` would put it."""

    window: Window
    saving_cents: int
    rules: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceCurve:
    """What every start of one change costs while the other changes stay where they are.

    `cents` (what is minimised, int64) and the masks of `forbidden` (by name of rule) have shape (slots,); `slot` is
    where the change is, None without a window, and `now_cents` what it costs there (its drop price without one).
    Starts that the rule `horizon` forbids are not priced to their end. `cents` less `now_cents` is what a start costs
    on top at most, as others could move too; `at_least`, where it was asked for, is what any plan with that start costs
    beyond this one at least (int64, shape (slots,)): below 0 where such a plan could be cheaper, and the largest number
    there is where none exists.
    """

    change: str
    slot: int | None
    cents: npt.NDArray[np.int64]
    now_cents: int
    forbidden: Mapping[str, Mask]
    at_least: npt.NDArray[np.int64] | None = None

    def best_without(self) -> Mapping[frozenset[str], int]:
        """Give for sets of rules the cheapest start that is open without these; none for the frame of the horizon.

        Only sets that forbid some start exactly are listed, with all they leave open. No other set opens more.
        """
        outside = self.forbidden.get("horizon", np.zeros(len(self.cents), dtype=np.bool_))
        names = [name for name in self.forbidden if name != "horizon"]
        # Prices of what is outside the horizon are not known.
        slots = np.flatnonzero(~outside)
        if not len(slots):
            return {}
        table = np.array([self.forbidden[name][slots] for name in names], dtype=np.bool_)
        table = table.reshape(len(names), len(slots))
        # Columns as numbers, first row first: to tell rows of a table apart takes numpy many times as long.
        codes = np.zeros(len(slots), dtype=np.int64)
        for row in table:
            codes = codes * 2 + row
        best = {}
        for pattern in table[:, np.unique(codes, return_index=True)[1]].T:
            open_slots = slots[~(table & ~pattern[:, None]).any(axis=0)]
            rules = frozenset(name for name, needed in zip(names, pattern, strict=True) if needed)
            best[rules] = int(open_slots[np.argmin(self.cents[open_slots])])
        return best


def curve_rows(portfolio: Portfolio, curve: PriceCurve) -> list[dict[str, Any]]:
    """List every start of a change whose window lies inside the horizon, in order of time.

    `start` (an instant), `cents` (what is minimised, so weighted by service level), `extra_cents` (beyond what the
    change costs now, at most: others could move too), `forbidden_by` (names of rules, empty where the start is open)
    and, where the curve has it, `at_least_cents`: what any plan with that start costs on top, None where there is none.
    """
    never = np.iinfo(np.int64).max
    return [
        {
            "start": portfolio.horizon.at(slot),
            "cents": int(curve.cents[slot]),
            "extra_cents": int(curve.cents[slot]) - curve.now_cents,
            "forbidden_by": [rule for rule, mask in curve.forbidden.items() if mask[slot]],
        }
        | (
            {}
            if curve.at_least is None
            else {"at_least_cents": None if curve.at_least[slot] == never else int(curve.at_least[slot])}
        )
        for slot in range(portfolio.horizon.slots - portfolio.reserved(curve.change) + 1)
    ]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything there is to say about the window of one change.

    `placement` is None where the change has no window; extra costs then count from its drop price. `cents` is client
    money and `by_team` splits it ("" for what concerns no team), `weighted_cents` is what is minimised. `assumed` names
    the teams whose losses rest on usage that nobody recorded.
    `drop_extra_cents` is what leaving an optional change out would cost on top.
    """

    change: str
    title: str
    placement: Placement | None
    cents: int
    weighted_cents: int
    by_team: Mapping[str, int]
    by_cost: Mapping[str, int]
    assumed: tuple[str, ...]
    shares_with: tuple[str, ...]
    binding: tuple[BindingRule, ...]
    together: tuple[BindingTogether, ...]
    others: tuple[OtherWindow, ...]
    forbidden: tuple[ForbiddenWindow, ...]
    drop_extra_cents: int | None
    remarks: tuple[str, ...]
    time_zone: str
    currency: str

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(one: Explanation) -> Iterator[str]:
    """Write an explanation as aligned plain text."""
    zone, currency = one.time_zone, one.currency
    yield f"{one.change}  {one.title}".rstrip()
    if one.placement:
        over = ""
        if one.placement.end < one.placement.reserved_until:
            over = f", expected over by {instant_text(one.placement.end, zone)}"
        yield f"  window     {window_text(one.placement.reserved, zone)}{over}"
        teams = [
            f"{team or 'no team'} {money_text(cents, currency)}{' (assumed usage)' if team in one.assumed else ''}"
            for team, cents in one.by_team.items()
            if cents
        ]
        yield f"  costs      {money_text(one.cents, currency)}" + (f": {listing(teams)}" if teams else "")
        if one.weighted_cents != one.cents:
            yield f"             weighted by service level {money_text(one.weighted_cents, currency)}"
    else:
        yield "  window     none"
    if one.shares_with:
        yield f"  shares     its outage with {listing(one.shares_with)}"
    for remark in one.remarks:
        yield f"  note       {remark}"
    if one.placement:
        yield f"  why here   {why_text(one)}"
    for binding in one.binding:
        saved = saved_text(binding.window, binding.saving_cents, one)
        yield f"  binds      {binding.rule}: {binding.law} Without that, {saved}."
        yield from (f"             {text}" for text in binding.texts[:2])
    for joint in one.together:
        saved = saved_text(joint.window, joint.saving_cents, one)
        yield f"  binds      Only without {rules_text(joint.rules)} together, {saved}."
        yield from (f"             {text}" for text in joint.texts[: max(2, len(joint.rules))])
    for other in one.others:
        yield f"  instead    {_extra(other.extra_cents, currency)}  {window_text(other.window, zone)}"
    if one.drop_extra_cents is not None:
        yield f"  instead    {_extra(one.drop_extra_cents, currency)}  leave it out"
    if not one.others:
        yield "  instead    no other window is open while the other changes stay where they are"
    for window in untold(one):
        saved = saved_text(window.window, window.saving_cents, one)
        yield f"  forbidden  {saved}, but breaks {rules_text(window.rules)}"
        yield from (f"             {text}" for text in window.texts[:2])


def untold(one: Explanation) -> list[ForbiddenWindow]:
    """List the forbidden windows that were not yet said to be open without the rules that forbid them."""
    told = [
        *((rule.window, (rule.rule,)) for rule in one.binding),
        *((joint.window, joint.rules) for joint in one.together),
    ]
    return [found for found in one.forbidden if (found.window, found.rules) not in told]


def why_text(one: Explanation) -> str:
    """Say in a sentence why a change has its window and no cheaper one."""
    cheaper = max((-other.extra_cents for other in one.others), default=0)
    if cheaper > 0:
        return (
            f"An open window would cost {money_text(cheaper, one.currency)} less while the other changes stay where "
            "they are: it was passed over to spread losses over teams, or planning longer would find it."
        )
    if not one.others:
        return "It is the only window that is open while the other changes stay where they are."
    if one.weighted_cents == 0:
        return "It costs nobody anything."
    blame = "what stands in the way of a cheaper one follows" if one.binding or one.together else "nor does any other"
    return f"No open window costs less while the other changes stay where they are; {blame}."


def saved_text(window: Window, cents: int, one: Explanation) -> str:
    """Say what a window would save; cents below 0 are those of a window for a change that has none."""
    where = window_text(window, one.time_zone)
    if cents > 0:
        return f"{where} would cost {money_text(cents, one.currency)} less"
    return f"{where} would be open, and cost {money_text(-cents, one.currency)} more than no window"


def rules_text(rules: Sequence[str]) -> str:
    """Name rules as part of a sentence."""
    return f"the rule{'s' if len(rules) > 1 else ''} {listing(rules)}"


def _extra(cents: int, currency: str) -> str:
    return f"{'+' if cents >= 0 else ''}{money_text(cents, currency)}".rjust(18)
