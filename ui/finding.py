"""Finds windows: by words, by state, by what they are about and who has to do with them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from .per_plan import per_plan
from .review import Plan
from .text import visible


@dataclass(frozen=True, slots=True)
class Wanted:
    """What windows are looked for; what is empty is not asked for."""

    words: str = ""
    states: Collection[str] = ()
    types: Collection[str] = ()
    services: Collection[str] = ()
    teams: Collection[str] = ()
    engineers: Collection[str] = ()


def filtered(plan: Plan, table: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """Give the windows of a table that hold every word and are of one of each kind that is asked for."""
    kept = table[table["state"].isin(list(wanted.states))] if wanted.states else table
    if wanted.types:
        kept = kept[kept["type"].isin(list(wanted.types))]
    known = involved(plan)
    for name in ("services", "teams", "engineers"):
        asked: Collection[str] = getattr(wanted, name)
        if asked:
            some = {change for change, one in known.items() if not one[name].isdisjoint(asked)}
            kept = kept[kept["change"].isin(some)]
    for word in wanted.words.casefold().split():
        held = {change for change, text in searchable(plan).items() if word in text}
        kept = kept[kept["change"].isin(held)]
    return kept


@per_plan
def involved(plan: Plan) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Give the ids of services, teams and engineers that every window has to do with."""
    teams: dict[str, list[str]] = defaultdict(list)
    rows = plan.windows("team")
    for change, team in zip(rows["change"].tolist(), rows["id"].tolist(), strict=True):
        teams[change].append(team)
    return {
        change: {
            "services": frozenset(plan.portfolio.changes[change].services),
            "teams": frozenset(teams[change]),
            "engineers": frozenset(shift.engineer for shift in one.engineers),
        }
        for change, one in plan.placed.items()
    }


@per_plan
def searchable(plan: Plan) -> Mapping[str, str]:
    """Give what is searched, by change: its texts, its services, the teams it affects, and its people."""
    by_team = plan.windows("team")
    teams: dict[str, list[str]] = defaultdict(list)
    for change, team in zip(by_team["change"].tolist(), by_team["row"].tolist(), strict=True):
        teams[change].append(team)
    found = {}
    for id, title, services, engineers in zip(
        *(plan.table[name].tolist() for name in ("change", "title", "services", "engineers")), strict=True
    ):
        change = plan.portfolio.changes[id]
        owners = [plan.portfolio.services[one].owner for one in change.services if one in plan.portfolio.services]
        texts = [change.requested_by, change.why, change.description, change.what_you_will_notice, *owners]
        words = [id, title, services, engineers, *change.services, *teams[id], *map(visible, texts)]
        found[id] = " ".join(words).casefold()
    return found
