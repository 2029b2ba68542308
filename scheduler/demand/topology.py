"""What one change alone does to every service and redundancy group, through dependencies.

Services and groups are the nodes. States order as up, degraded, out, and the worst path to a node wins. An OUTAGE
edge passes a state on unchanged; through a DEGRADED edge an outage is felt as degraded and a degradation not at all.
A group is in the state of its min_up-th best direct member. A service that a change takes out at REDUCED-REDUNDANCY
is out as a member of groups only: the groups decide what anybody feels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
import numpy.typing as npt

from scheduler.carried import carried
from scheduler.inputs.pairs import runs
from scheduler.portfolio import Impact, Portfolio, remembered

_UP, _DEGRADED, _OUT = 0, 1, 2
_States = npt.NDArray[np.int8]
_Key = tuple[frozenset[str], Impact]
_GRAPH_PARTS = ("services", "groups", "dependencies")
# Columns worked on at a time: 20,000 nodes then take 20 MB.
_BATCH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change, running alone, does to the nodes (services and groups).

    `out` and `degraded` are disjoint. `reduced` holds every group that lost a direct member without going out, and
    whatever would be out or degraded if that group alone went out. `out_members` gives the direct members that are
    out, for each group that has any; `broken_groups` are the groups put out. `touches` are the listed services and
    all nodes that are not up.
    """

    out: frozenset[str] = frozenset()
    degraded: frozenset[str] = frozenset()
    reduced: frozenset[str] = frozenset()
    out_members: Mapping[str, frozenset[str]]
    broken_groups: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Graph:
    """Nodes so ordered that each stands behind all it needs; edges and members by position."""

    nodes: tuple[str, ...]
    needs: tuple[tuple[tuple[int, bool], ...], ...]  # per node (position, whether the edge passes states unchanged)
    groups: Mapping[int, tuple[tuple[int, ...], int]]  # position -> (members, min_up)


@remembered
def effects(portfolio: Portfolio) -> Mapping[str, Effect]:
    """Work out the effect of every change for it alone, by change id.

    Changes with the same services and impact share one `Effect`.

    Raises
    ------
    graphlib.CycleError
        Where services and groups need each other in a circle; `scheduler.inputs` refuses such portfolios.
    """
    known = _known_effects(portfolio)
    keys = {change.id: (frozenset(change.services), change.impact) for change in portfolio.changes.values()}
    new = [key for key in dict.fromkeys(keys.values()) if key not in known]
    if new:
        graph = _graph(portfolio)
        behind = _behind_groups(graph)
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            known.update(zip(batch, _effects(graph, batch, behind), strict=True))
    return {change: known[key] for change, key in keys.items()}


@carried(*_GRAPH_PARTS)
def _known_effects(portfolio: Portfolio) -> dict[_Key, Effect]:
    """Give the effects worked out so far on the services there are; `effects` adds to them."""
    return {}


@carried("teams", "usage", "known_users")
def clients(portfolio: Portfolio) -> Mapping[str, tuple[str, ...]]:
    """Give the teams that use each service or group, sorted; nodes that nobody uses are absent.

    A team is a client if any usage row names the pair (recorded or not, of whatever time), or the team's `uses` does,
    or its users are known beforehand.
    """
    pairs = set(runs(portfolio).pairs)
    pairs.update((team.id, node) for team in portfolio.teams.values() for node in team.uses)
    pairs.update(portfolio.known_users or ())
    users: dict[str, list[str]] = {}
    for team, node in sorted(pairs):
        users.setdefault(node, []).append(team)
    return {node: tuple(teams) for node, teams in users.items()}


@carried(*_GRAPH_PARTS)
def behind_services(portfolio: Portfolio) -> Mapping[str, frozenset[str]]:
    """Give for every service the nodes that are out or degraded while it alone is out, itself included."""
    graph, found = _graph(portfolio), {}
    behind = _behind_groups(graph)
    services = list(portfolio.services)
    for first in range(0, len(services), _BATCH):
        batch = services[first : first + _BATCH]
        alone = _effects(graph, [(frozenset({service}), Impact.OUTAGE) for service in batch], behind)
        found.update({service: effect.out | effect.degraded for service, effect in zip(batch, alone, strict=True)})
    return found


def affected_teams(portfolio: Portfolio, change: str) -> tuple[str, ...]:
    """Give the clients of every node that the change puts out or degrades, sorted."""
    effect, users = effects(portfolio)[change], clients(portfolio)
    return tuple(sorted({team for node in effect.out | effect.degraded for team in users.get(node, ())}))


def _graph(portfolio: Portfolio) -> _Graph:
    needs: dict[str, list[tuple[str, bool]]] = {node: [] for node in (*portfolio.services, *portfolio.groups)}
    for edge in portfolio.dependencies:
        needs[edge.service].append((edge.depends_on, edge.effect == "OUTAGE"))
    order = TopologicalSorter({node: [other for other, _ in edges] for node, edges in needs.items()})
    for group in portfolio.groups.values():
        order.add(group.id, *group.members)
    nodes = tuple(order.static_order())
    position = {node: index for index, node in enumerate(nodes)}
    return _Graph(
        nodes,
        tuple(tuple((position[other], whole) for other, whole in needs[node]) for node in nodes),
        {
            position[group.id]: (tuple(position[member] for member in group.members), group.min_up)
            for group in portfolio.groups.values()
        },
    )


def _effects(graph: _Graph, keys: Sequence[_Key], behind: Mapping[int, frozenset[str]]) -> Iterator[Effect]:
    position = {node: index for index, node in enumerate(graph.nodes)}
    own = np.zeros((len(graph.nodes), len(keys)), dtype=np.int8)
    as_member = own.copy()
    for column, (services, impact) in enumerate(keys):
        rows = [position[service] for service in services]
        if impact is Impact.REDUCED_REDUNDANCY:
            as_member[rows, column] = _OUT
        elif impact is not Impact.NO_IMPACT:
            own[rows, column] = _OUT if impact is Impact.OUTAGE else _DEGRADED
    states = _spread(graph, own, as_member)
    out_members: list[dict[str, frozenset[str]]] = [{} for _ in keys]
    groups = {graph.nodes[group] for group in graph.groups}
    for group, (members, _) in graph.groups.items():
        lost = _as_members(members, states, as_member) == _OUT
        for column in map(int, np.flatnonzero(lost.any(axis=0))):
            names = (graph.nodes[member] for member, gone in zip(members, lost[:, column], strict=True) if gone)
            out_members[column][graph.nodes[group]] = frozenset(names)
    for column, (of_column, (services, _)) in enumerate(zip(np.ascontiguousarray(states.T), keys, strict=True)):
        out, degraded = (_names(graph, of_column == state) for state in (_OUT, _DEGRADED))
        weakened = [group for group in out_members[column] if group not in out]
        yield Effect(
            out=out,
            degraded=degraded,
            reduced=frozenset().union(*(behind[position[group]] for group in weakened)),
            out_members=out_members[column],
            broken_groups=out & groups,
            touches=services | out | degraded,
        )


def _behind_groups(graph: _Graph) -> Mapping[int, frozenset[str]]:
    """Give for each group, by position, the nodes not up if it alone went out, itself included."""
    own = np.zeros((len(graph.nodes), len(graph.groups)), dtype=np.int8)
    own[list(graph.groups), range(len(graph.groups))] = _OUT
    states = _spread(graph, own, np.zeros_like(own))
    return {group: _names(graph, states[:, column] != _UP) for column, group in enumerate(graph.groups)}


def _spread(graph: _Graph, own: _States, as_member: _States) -> _States:
    """Carry states along edges and through groups; shapes (nodes, columns), one case per column.

    `own` is what is done to each node itself, `as_member` what only the groups that hold it see.
    """
    states = own.copy()
    for node, edges in enumerate(graph.needs):
        if node in graph.groups:
            members, min_up = graph.groups[node]
            best_first = np.sort(_as_members(members, states, as_member), axis=0)
            np.maximum(states[node], best_first[min_up - 1], out=states[node])
        for other, whole in edges:
            felt = states[other] if whole else (states[other] == _OUT).astype(np.int8)
            np.maximum(states[node], felt, out=states[node])
    return states


def _as_members(members: Sequence[int], states: _States, as_member: _States) -> _States:
    rows = list(members)
    seen: _States = np.maximum(states[rows], as_member[rows])
    return seen


def _names(graph: _Graph, chosen: npt.NDArray[np.bool_]) -> frozenset[str]:
    return frozenset(graph.nodes[index] for index in np.flatnonzero(chosen))
