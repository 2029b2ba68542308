"""What differs between two plans: which windows moved, why, what that saved and whom it disturbs.

Both plans are judged by the portfolio as it is now. Each window is looked at with everything else as in the new plan:
put back, it either breaks rules, or costs more or less.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from scheduler.demand.topology import affected_teams
from scheduler.portfolio import Portfolio
from scheduler.rules.same_window import together_with
from scheduler.schedule import Charge, Placement, Schedule, Violation, lost_cents, notice_given, place, total
from scheduler.standing import standing
from scheduler.summary import count_text
from scheduler.verify import bill, verify
from scheduler.wording import instant_text, listing, money_text

Kind = Literal["moved", "new", "left out", "other engineers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed:
    """A team that a window concerns: what it loses more by the new plan, and the days of notice it gets of it.

    `promised` is None where nothing was promised; `told_before` says that it was told of the old window.
    """

    team: str
    cents: int
    notice_days: int | None
    promised: int | None
    told_before: bool

    @property
    def is_late(self) -> bool:
        """Tell whether notice is shorter than promised."""
        return self.promised is not None and self.notice_days is not None and self.notice_days < self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """One change that the two plans treat differently.

    `was_announced` says that clients had been told of the old window. `move_cents` is the price of moving it.
    `saved_cents` is what the plan costs more, in weighted cents, with this change alone as it was (and those that start
    together with it), the price of the move counted: None where that breaks rules, which `broken` then names.
    """

    change: str
    title: str
    kind: Kind
    before: Placement | None
    after: Placement | None
    was_announced: bool
    move_cents: int
    saved_cents: int | None
    broken: tuple[Violation, ...]
    teams: tuple[Disturbed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a plan costs: all that is minimised, what clients lose, both by cost and by team, and how much it breaks."""

    objective_cents: int
    cost_cents: int
    by_cost: Mapping[str, int]
    by_team: Mapping[str, int]
    broken: tuple[Violation, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two plans side by side: what they cost, and the changes that differ, those whose clients were told first."""

    before: Figures
    after: Figures
    changes: tuple[Differs, ...]
    time_zone: str
    currency: str

    @property
    def saved_cents(self) -> int:
        """What the new plan costs less than the old one, in weighted cents."""
        return self.before.objective_cents - self.after.objective_cents

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def figures_of(portfolio: Portfolio, schedule: Schedule) -> Figures:
    """Price and check a plan."""
    charges = bill(portfolio, schedule)
    by_cost: dict[str, int] = defaultdict(int)
    by_team: dict[str, int] = defaultdict(int)
    for one in charges:
        by_cost[one.cost] += one.weighted_cents
        by_team[one.team] += one.cents
    return Figures(
        objective_cents=total(charges),
        cost_cents=lost_cents(charges),
        by_cost=dict(sorted(by_cost.items())),
        by_team={team: cents for team, cents in sorted(by_team.items()) if team},
        broken=tuple(verify(portfolio, schedule)),
    )


def differing(portfolio: Portfolio, before: Schedule, after: Schedule) -> dict[str, Kind]:
    """List the changes that two plans of a portfolio treat differently, and how: known at once, prices are not."""
    old, new = (as_now(portfolio, one).by_change for one in (before, after))
    kinds = {change: kind_of(old.get(change), new.get(change)) for change in sorted({*old, *new})}
    return {change: kind for change, kind in kinds.items() if kind is not None}


def difference(
    portfolio: Portfolio, before: Schedule, after: Schedule, *, only: Collection[str] | None = None
) -> Difference:
    """Compare two plans of a portfolio; placements of changes that it does not have are not looked at.

    Each change that differs is priced by itself, which takes as long as to bill the plan: `only` names those that are
    asked about.
    """
    old, new = (as_now(portfolio, one) for one in (before, after))
    whole = figures_of(portfolio, new)
    announced = standing(portfolio).announced
    losses = [_by_team(bill(portfolio, one)) for one in (old, new)]
    prices = {one.change: one.weighted_cents for one in bill(portfolio, new) if one.cost == "disruption"}
    found = []
    for change in sorted({*old.by_change, *new.by_change}):
        kind = kind_of(old.by_change.get(change), new.by_change.get(change))
        if kind is None or (only is not None and change not in only):
            continue
        saved, broken = _as_it_was(portfolio, old, new, change, whole)
        placed = old.by_change.get(change)
        told = placed is not None and announced.get(change) == placed.start
        found.append(
            Differs(
                change=change,
                title=portfolio.changes[change].title,
                kind=kind,
                before=placed,
                after=new.by_change.get(change),
                was_announced=told,
                move_cents=prices.get(change, 0),
                saved_cents=saved,
                broken=broken,
                teams=tuple(_disturbed(portfolio, change, new.by_change.get(change), losses, told=told)),
            )
        )
    found.sort(key=lambda one: (not one.was_announced, one.change))
    return Difference(
        before=figures_of(portfolio, old),
        after=whole,
        changes=tuple(found),
        time_zone=portfolio.policy.time_zone,
        currency=portfolio.policy.currency,
    )


# --- one change ----------------------------------------------------------------------------------------------------


def as_now(portfolio: Portfolio, schedule: Schedule) -> Schedule:
    """Give a schedule without changes that are gone, each window as long as it is now and announced as it was."""
    kept = []
    for one in schedule.placements:
        if one.change in portfolio.changes:
            now = place(portfolio, one.change, one.start)
            same = (one.end, one.reserved_until) == (now.end, now.reserved_until)
            kept.append(one if same and one.announced_at == now.announced_at else now)
    return Schedule(tuple(kept))


def kind_of(before: Placement | None, after: Placement | None) -> Kind | None:
    """Say in what way a change differs, None where it does not."""
    if before is None or after is None:
        return "new" if before is None else "left out"
    if before.start != after.start:
        return "moved"
    if {one.engineer for one in before.engineers} != {one.engineer for one in after.engineers} and before.engineers:
        return "other engineers"
    return None


def mixed(old: Schedule, new: Schedule, taken: Collection[str]) -> Schedule:
    """Give the new plan for some changes and the old one for all others."""
    placements = {
        **{change: one for change, one in old.by_change.items() if change not in taken},
        **{change: one for change, one in new.by_change.items() if change in taken},
    }
    return Schedule(tuple(one for _, one in sorted(placements.items())))


def _as_it_was(
    portfolio: Portfolio, old: Schedule, new: Schedule, change: str, whole: Figures
) -> tuple[int | None, tuple[Violation, ...]]:
    back = {change, *together_with(portfolio, change)}
    put_back = _without_names(mixed(new, old, back), back)
    known = set(whole.broken)
    broken = tuple(one for one in verify(portfolio, put_back) if one not in known)
    return (None if broken else total(bill(portfolio, put_back)) - whole.objective_cents), broken


def _without_names(schedule: Schedule, changes: Collection[str]) -> Schedule:
    """Forget who was named where windows come back: others may be busy there now, and names are made anew."""
    if not any(schedule.by_change[change].engineers for change in changes if change in schedule.by_change):
        return schedule
    return Schedule(tuple(_nameless(one) for one in schedule.placements))


def _nameless(one: Placement) -> Placement:
    return Placement(
        change=one.change,
        start=one.start,
        end=one.end,
        reserved_until=one.reserved_until,
        announced_at=one.announced_at,
    )


def _by_team(charges: Iterable[Charge]) -> Mapping[tuple[str, str], int]:
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for one in charges:
        lost[one.change, one.team] += one.cents
    return lost


def _disturbed(
    portfolio: Portfolio,
    change: str,
    after: Placement | None,
    losses: list[Mapping[tuple[str, str], int]],
    *,
    told: bool,
) -> Iterable[Disturbed]:
    for team in affected_teams(portfolio, change):
        key = change, team
        yield Disturbed(
            team=team,
            cents=losses[1].get(key, 0) - losses[0].get(key, 0),
            notice_days=None if after is None else notice_given(portfolio, after, team),
            promised=portfolio.notice_days(team),
            told_before=told,
        )


# --- in words ------------------------------------------------------------------------------------------------------


def why_text(one: Differs, currency: str) -> str:
    """Say why a change is not as it was, without a full stop."""
    if one.broken:
        rules = listing(list(dict.fromkeys(violation.rule for violation in one.broken)))
        what = "left out" if one.before is None else "as it was"
        return f"{what} it would break {rules}: {one.broken[0].text}"
    cents = one.saved_cents or 0
    price = f", the {money_text(one.move_cents, currency)} for moving it counted" if one.move_cents else ""
    if cents > 0:
        return f"as it was, and all others as they are, it would cost {money_text(cents, currency)} more{price}"
    if cents < 0:
        return f"by itself it costs {money_text(-cents, currency)} more than as it was{price}: others gain by that"
    return "as it was it would cost the same"


def window_words(one: Placement | None, zone: str) -> str:
    """Give the start of a window in words."""
    return "no window" if one is None else instant_text(one.start, zone)


def _lines(whole: Difference) -> Iterable[str]:
    zone, currency = whole.time_zone, whole.currency
    saved = whole.saved_cents
    verb = "saves" if saved >= 0 else "costs more:"
    count = len(whole.changes)
    before, after = (money_text(one.objective_cents, currency) for one in (whole.before, whole.after))
    yield (
        f"{count_text(count, 'change')} {'differs' if count == 1 else 'differ'}; the new plan {verb} "
        f"{money_text(abs(saved), currency)} weighted by service level ({before} before, {after} after)"
    )
    for broken in whole.before.broken:
        yield f"  the plan before breaks {broken.rule}: {broken.text}"
    for one in whole.changes:
        told = " (announced)" if one.was_announced else ""
        yield f"{one.change}  {one.title}".rstrip()
        if one.kind == "other engineers":
            names = [sorted({shift.engineer for shift in plan.engineers}) for plan in (one.before, one.after) if plan]
            yield f"  engineers  {listing(names[0])} -> {listing(names[1])}"
        else:
            yield f"  {one.kind:<9}  {window_words(one.before, zone)}{told} -> {window_words(one.after, zone)}"
        yield f"  why        {why_text(one, currency)}"
        for team in one.teams:
            if one.kind == "other engineers":
                continue
            days = "" if team.notice_days is None else f", {team.notice_days} days of notice"
            short = f" of {team.promised} promised" if team.is_late else ""
            word = "loses" if team.cents >= 0 else "saves"
            again = ", told of another window before" if team.told_before else ""
            yield f"  team       {team.team} {word} {money_text(abs(team.cents), currency)}{days}{short}{again}"
