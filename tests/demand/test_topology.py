"""Effects of one change alone, worked out by hand from the edges and groups."""

import random
import time
from dataclasses import replace
from graphlib import CycleError

import pytest
from builders import MONDAY, change, depends, group, portfolio, team
from hypothesis import given
from hypothesis import strategies as st
from oracle_effects import DEGRADED, OUT, state_of

from scheduler.demand.topology import affected_teams, behind_services, clients, effects
from scheduler.portfolio import Change, Dependency, Impact, Policy, Portfolio, RedundancyGroup, Service, no_usage

# web needs db (OUTAGE) and mail (DEGRADED); shop needs web (OUTAGE); stats needs web (DEGRADED).
EDGES = [
    depends("web", "db"),
    depends("web", "mail", "DEGRADED"),
    depends("shop", "web"),
    depends("stats", "web", "DEGRADED"),
]


@pytest.mark.parametrize(
    ("services", "impact", "out", "degraded"),
    [
        # Out passes db -> web -> shop unchanged and is felt as degraded by stats.
        ("db", Impact.OUTAGE, "db web shop", "stats"),
        # Degraded passes OUTAGE edges unchanged and is not felt through the DEGRADED edge to stats.
        ("db", Impact.DEGRADED, "", "db web shop"),
        # The outage of mail degrades web; that passes on to shop unchanged and is not felt by stats.
        ("mail", Impact.OUTAGE, "mail", "web shop"),
        # A degradation of mail is felt by nobody else.
        ("mail", Impact.DEGRADED, "", "mail"),
        # Two paths to web: the worst wins.
        ("db;mail", Impact.OUTAGE, "db mail web shop", "stats"),
        ("stats", Impact.OUTAGE, "stats", ""),
        ("db", Impact.NO_IMPACT, "", ""),
        # No group holds db: taking a redundant part of it away is felt nowhere.
        ("db", Impact.REDUCED_REDUNDANCY, "", ""),
    ],
)
def test_states_along_edges(services, impact, out, degraded):
    p = portfolio(changes=[change("A", services=services, impact=impact)], dependencies=EDGES)
    effect = effects(p)["A"]
    assert effect.out == set(out.split())
    assert effect.degraded == set(degraded.split())
    assert effect.touches == {*services.split(";"), *effect.out, *effect.degraded}
    assert not effect.reduced
    assert not effect.out_members


def test_the_worst_of_two_edges_between_the_same_services_counts():
    p = portfolio(
        changes=[change("A", services="db")], dependencies=[depends("web", "db", "DEGRADED"), depends("web", "db")]
    )
    assert effects(p)["A"].out == {"db", "web"}


def test_a_diamond_takes_the_worst_path():
    # top -> left (DEGRADED) -> bottom and top -> right (OUTAGE) -> bottom: out by the right, degraded by the left.
    p = portfolio(
        changes=[change("A", services="bottom")],
        dependencies=[
            depends("top", "left", "DEGRADED"),
            depends("top", "right"),
            depends("left", "bottom"),
            depends("right", "bottom"),
        ],
    )
    assert effects(p)["A"].out == {"top", "left", "right", "bottom"}


def redundant(*changes: Change) -> Portfolio:
    """The laws' worked example 2: web depends on G = m1, m2, m3, of which two are enough."""
    return portfolio(
        changes=changes, dependencies=[depends("web", "G")], groups=[group("G", "m1;m2;m3", min_up=2)], users={}
    )


@pytest.mark.parametrize("impact", [Impact.OUTAGE, Impact.REDUCED_REDUNDANCY])
def test_one_member_leaves_what_is_behind_the_group_at_reduced_redundancy(impact):
    effect = effects(redundant(change("C1", services="m1", impact=impact)))["C1"]
    assert effect.out == ({"m1"} if impact is Impact.OUTAGE else set())
    assert not effect.degraded
    assert effect.reduced == {"G", "web"}
    assert effect.out_members == {"G": {"m1"}}
    assert not effect.broken_groups
    assert effect.touches == {"m1"}


@pytest.mark.parametrize("impact", [Impact.OUTAGE, Impact.REDUCED_REDUNDANCY])
def test_two_members_put_the_group_out(impact):
    effect = effects(redundant(change("C4", services="m1;m2", impact=impact)))["C4"]
    members = {"m1", "m2"} if impact is Impact.OUTAGE else set()
    assert effect.out == {"G", "web", *members}
    assert effect.broken_groups == {"G"}
    assert effect.out_members == {"G": {"m1", "m2"}}
    assert not effect.reduced
    assert effect.touches == {"m1", "m2", "G", "web"}


def test_degraded_members_count_as_up_but_are_felt():
    # Two of three are degraded: the second best member is degraded, so the group is; nobody is out.
    effect = effects(redundant(change("A", services="m1;m2", impact=Impact.DEGRADED)))["A"]
    assert effect.degraded == {"m1", "m2", "G", "web"}
    assert not effect.out_members
    assert not effect.reduced
    # With one degraded, two are still up.
    assert effects(redundant(change("A", services="m1", impact=Impact.DEGRADED)))["A"].degraded == {"m1"}


def test_out_and_degraded_members_together():
    # m1 is out, m2 is degraded behind m1: best first up, degraded, out, so the second best is degraded. The group is
    # degraded and has lost a member without going out.
    p = portfolio(
        changes=[change("A", services="m1")],
        dependencies=[depends("web", "G"), depends("m2", "m1", "DEGRADED")],
        groups=[group("G", "m1;m2;m3", min_up=2)],
    )
    effect = effects(p)["A"]
    assert effect.degraded == {"m2", "G", "web"}
    assert effect.reduced == {"G", "web"}
    assert not effect.broken_groups


def test_a_group_felt_as_degraded():
    # stats needs G through a DEGRADED edge; if G went out, stats would be degraded: it is behind the group.
    p = portfolio(
        changes=[change("A", services="m1"), change("B", services="m1;m2")],
        dependencies=[depends("stats", "G", "DEGRADED")],
        groups=[group("G", "m1;m2")],
    )
    assert effects(p)["A"].reduced == {"G", "stats"}
    assert effects(p)["B"].degraded == {"stats"}
    assert not effects(p)["B"].reduced


def test_members_out_through_a_dependency():
    # Both members need the switch: one change on it puts the group out.
    p = portfolio(
        changes=[change("A", services="switch")],
        dependencies=[depends("m1", "switch"), depends("m2", "switch")],
        groups=[group("G", "m1;m2")],
    )
    assert effects(p)["A"].broken_groups == {"G"}
    assert effects(p)["A"].out_members == {"G": {"m1", "m2"}}


def test_nested_groups():
    # Site A = a1, a2 (one is enough), site B = b1, b2; one site is enough for both; web needs both.
    groups = [group("A", "a1;a2"), group("B", "b1;b2"), group("both", "A;B")]
    p = portfolio(
        changes=[
            change("half", services="a1"),
            change("site", services="a1;a2"),
            change("all", services="a1;a2;b1;b2"),
        ],
        dependencies=[depends("web", "both"), depends("local", "A")],
        groups=groups,
    )
    half, site, everything = (effects(p)[name] for name in ("half", "site", "all"))
    # A lost a1: if A went out, local would be out, but not `both`, which has B.
    assert half.reduced == {"A", "local"}
    # A is out as a member of `both`: what is behind `both` is at reduced redundancy.
    assert site.out == {"a1", "a2", "A", "local"}
    assert site.reduced == {"both", "web"}
    assert site.out_members == {"A": {"a1", "a2"}, "both": {"A"}}
    assert site.broken_groups == {"A"}
    assert everything.broken_groups == {"A", "B", "both"}
    assert everything.out >= {"web", "local"}


def test_a_shared_member_weakens_both_its_groups():
    # m is in G (spares one) and in H (spares none): its outage puts H out and leaves G reduced.
    p = portfolio(
        changes=[change("A", services="m")],
        dependencies=[depends("g-user", "G"), depends("h-user", "H")],
        groups=[group("G", "m;x"), group("H", "m;y", min_up=2)],
    )
    effect = effects(p)["A"]
    assert effect.out == {"m", "H", "h-user"}
    assert effect.reduced == {"G", "g-user"}
    assert effect.out_members == {"G": {"m"}, "H": {"m"}}
    assert effect.broken_groups == {"H"}


def test_clients_use_services_and_groups_by_name_or_by_record():
    p = portfolio(
        changes=[change("A", services="m1;m2"), change("B", services="m1")],
        teams=[team("blue", uses="G;web"), team("green", uses="web"), team("red")],
        dependencies=[depends("web", "G", "DEGRADED")],
        groups=[group("G", "m1;m2")],
    )
    # Red is a client by a row of usage alone, although nothing was recorded in it; a row past now will do.
    rows = no_usage()
    rows.loc[0] = ["red", "m1", MONDAY, 60, float("nan")]
    p = replace(p, usage=rows)
    assert clients(p) == {"G": ("blue",), "web": ("blue", "green"), "m1": ("red",)}
    assert affected_teams(p, "A") == ("blue", "green", "red")
    # Reduced redundancy affects nobody but the clients of the member itself.
    assert affected_teams(p, "B") == ("red",)


def test_a_circle_is_named():
    p = portfolio(changes=[change("A", services="a")], dependencies=[depends("a", "b"), depends("b", "a")])
    with pytest.raises(CycleError):
        effects(p)


NODES = ("a", "b", "c", "d", "e", "f")


@given(
    edges=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["OUTAGE", "DEGRADED"])), max_size=8
    ),
    members=st.lists(st.sets(st.integers(0, 5), min_size=1), max_size=2),
    listed=st.sets(st.sampled_from(NODES), min_size=1, max_size=3),
    impact=st.sampled_from(Impact),
    data=st.data(),
)
def test_states_are_those_of_plain_recursion(edges, members, listed, impact, data):
    # An edge runs from the later letter to the earlier, and groups are needed by f alone, so there is no circle.
    groups = [group(f"G{n}", [NODES[m] for m in some if m < 5] or ["a"], min_up=1) for n, some in enumerate(members)]
    groups = [
        group(one.id, one.members, min_up=data.draw(st.integers(1, len(one.members)), label="min_up")) for one in groups
    ]
    p = portfolio(
        changes=[change("A", services=sorted(listed), impact=impact)],
        dependencies=[
            *(depends(NODES[max(x, y)], NODES[min(x, y)], how) for x, y, how in edges if x != y),
            *(depends("f", one.id) for one in groups),
        ],
        groups=groups,
    )
    direct = {
        Impact.OUTAGE: dict.fromkeys(listed, OUT),
        Impact.DEGRADED: dict.fromkeys(listed, DEGRADED),
    }.get(impact, {})
    gone = frozenset(listed) if impact is Impact.REDUCED_REDUNDANCY else frozenset()
    states = {node: state_of(p, node, direct, gone) for node in (*p.services, *p.groups)}
    effect = effects(p)["A"]
    assert effect.out == {node for node, state in states.items() if state == OUT}
    assert effect.degraded == {node for node, state in states.items() if state == DEGRADED}
    lost = {one.id: {m for m in one.members if m in gone or states[m] == OUT} for one in groups}
    assert effect.out_members == {name: some for name, some in lost.items() if some}
    behind = set()
    for name, some in lost.items():
        if some and states[name] != OUT:
            behind |= {node for node in states if state_of(p, node, {name: OUT}, frozenset())}
    assert effect.reduced == behind


def test_what_is_not_up_while_a_service_is_out():
    p = portfolio(
        changes=[change("A", services="db")],
        dependencies=[depends("app", "db"), depends("web", "app", "DEGRADED"), depends("shop", "G")],
        groups=[group("G", "m1;m2")],
    )
    behind = behind_services(p)
    assert behind["db"] == {"db", "app", "web"}
    assert behind["app"] == {"app", "web"}
    # The other member carries on.
    assert behind["m1"] == {"m1"}
    assert behind["db"] == effects(p)["A"].out | effects(p)["A"].degraded


def test_thousands_of_services_and_changes_take_seconds():
    draw = random.Random(1)
    names = [f"s{n}" for n in range(2000)]
    p = Portfolio(
        policy=Policy(name="Large", start=MONDAY, weeks=1),
        now=MONDAY,
        services={name: Service(id=name) for name in names},
        dependencies=tuple(
            Dependency(
                service=names[n], depends_on=names[draw.randrange(n)], effect=draw.choice(["OUTAGE", "DEGRADED"])
            )
            for n in range(1, 2000)
            for _ in range(3)
        ),
        groups={
            f"g{n}": RedundancyGroup(id=f"g{n}", members=tuple(draw.sample(names, 3)), min_up=2) for n in range(200)
        },
        changes={
            f"c{n}": Change(id=f"c{n}", services=tuple(draw.sample(names, 2)), impact=draw.choice(list(Impact)))
            for n in range(5000)
        },
    )
    began = time.process_time()
    assert len(effects(p)) == 5000
    assert time.process_time() - began < 10
