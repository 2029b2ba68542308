"""Explanations on weeks priced by hand: one user-hour costs a euro, so an hour with n users costs n × 100 cents."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pytest
from builders import blackout, change, decide, depends, level, portfolio, schedule, team, when
from hypothesis import given, settings
from strategies import cases

from scheduler.explain import MOST_TOGETHER, Explanation, Witness, explain, late_notice
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio, no_usage
from scheduler.schedule import schedule_of, total
from scheduler.verify import bill, verify


def week(usual: float, **hours: float) -> npt.NDArray[np.float64]:
    """Give users per slot of a week; `Wed_04=0` sets one hour."""
    users = np.full(336, usual)
    for name, value in hours.items():
        start = int((when(f"{name[:3]} {name[4:]}:00") - when("Mon 00:00")).total_seconds() // 1800)
        users[start : start + 2] = value
    return users


def one(p: Portfolio, starts: dict[str, str], name: str) -> Explanation:
    (found,) = explain(p, schedule(p, starts), [name])  # type: ignore[arg-type]
    return found


def hour(start: str) -> Window:
    return Window(when(start), when(start) + (when("Mon 01:00") - when("Mon 00:00")))


def test_cost_by_team_and_by_cost() -> None:
    # One hour with 4 of Blue's users at weight 2 and 3 of Green's; half a day of waiting at 48 cents a day is 24.
    p = portfolio(
        changes=[change("A", delay=48)],
        levels=[level("premium", weight=2)],
        teams=[team("Blue", level="premium")],
        users={("Blue", "app"): 4, ("Green", "app"): 3, ("Red", "mail"): 9},
    )
    found = one(p, {"A": "Mon 12:00"}, "A")
    assert found.by_team == {"Blue": 400, "Green": 300, "": 24}
    assert found.by_cost == {"downtime": 700, "delay": 24}
    assert (found.cents, found.weighted_cents) == (724, 1124)


def test_losses_that_rest_on_assumed_usage_are_marked() -> None:
    # Green's users are known, Blue's are not recorded: 10 people in office hours, on a Tuesday morning.
    p = portfolio(changes=[change("A")], teams=[team("Blue", uses="app"), team("Green", uses="app")])
    blue = replace(p.teams["Blue"], headcount=10)
    usage = no_usage()
    usage.loc[0] = ["Green", "app", when("2027-02-22T10:00Z"), 60, 3.0]
    p = replace(p, known_users=None, usage=usage, teams=p.teams | {"Blue": blue})
    found = one(p, {"A": "Tue 10:00"}, "A")
    assert found.assumed == ("Blue",)
    assert " (assumed usage)" in str(found)


def test_the_five_best_other_windows_do_not_overlap() -> None:
    p = portfolio(
        changes=[change("A")],
        users={("Blue", "app"): week(9, Tue_01=1, Tue_02=2, Wed_01=3, Thu_01=4, Fri_01=5, Sat_01=6)},
    )
    found = one(p, {"A": "Tue 01:00"}, "A")
    assert [(other.window, other.extra_cents) for other in found.others] == [
        (hour("Tue 02:00"), 100),
        (hour("Wed 01:00"), 200),
        (hour("Thu 01:00"), 300),
        (hour("Fri 01:00"), 400),
        (hour("Sat 01:00"), 500),
    ]
    assert found.binding == found.forbidden == ()


def test_a_better_window_saves() -> None:
    p = portfolio(changes=[change("A")], users={("Blue", "app"): week(9, Wed_01=3)})
    assert one(p, {"A": "Mon 00:00"}, "A").others[0].extra_cents == -600


def test_a_cheaper_window_that_overlaps_the_present_one_is_not_hidden() -> None:
    # An hour from 00:00 with 9 users; from 00:30 half an hour of them and half an hour of none. Elsewhere there are 20.
    p = portfolio(changes=[change("A")], users={("Blue", "app"): np.array([9, 9, 0] + [20] * 333)})
    found = one(p, {"A": "Mon 00:00"}, "A")
    assert (found.others[0].window.start, found.others[0].extra_cents) == (when("Mon 00:30"), -450)
    assert len(found.others) == 5
    assert "An open window would cost 4.50 EUR less" in str(found)


def test_where_few_stretches_are_open_neighbours_fill_the_list() -> None:
    # Open from 00:00 to 02:30, taken 00:00-01:00: 01:00 and 01:30 are left apart from it, 00:30 overlaps it.
    p = portfolio(changes=[change("A", due="Mon 02:30")], users={("Blue", "app"): week(3, Mon_01=2, Mon_02=1)})
    found = one(p, {"A": "Mon 00:00"}, "A")
    # 01:30: half an hour of 2 users and half an hour of 1, 150 cents; 01:00: 200; 00:30: 150 + 100 = 250.
    assert [(other.window.start, other.extra_cents) for other in found.others] == [
        (when("Mon 01:30"), -150),
        (when("Mon 01:00"), -100),
        (when("Mon 00:30"), -50),
    ]


def test_a_rule_binds_if_without_it_the_change_would_be_cheaper() -> None:
    # Wednesday 04:00 is free of users but closed; the best open hour has 2.
    p = portfolio(
        changes=[change("A")],
        users={("Blue", "app"): week(9, Wed_04=0, Thu_04=2)},
        blackouts=[blackout("Wed 00:00", "Wed 08:00")],
    )
    found = one(p, {"A": "Thu 04:00"}, "A")
    (binding,) = found.binding
    assert (binding.rule, binding.saving_cents, binding.window) == ("blackout", 200, hour("Wed 04:00"))
    (forbidden,) = found.forbidden
    assert (forbidden.rules, forbidden.saving_cents, forbidden.window) == (("blackout",), 200, hour("Wed 04:00"))
    # The words are those of verify for the schedule with the change moved there.
    (violation,) = verify(p, schedule(p, {"A": "Wed 04:00"}))
    assert binding.texts == forbidden.texts == (violation.text,)


def test_two_rules_that_forbid_the_same_window_bind_only_together() -> None:
    p = portfolio(
        changes=[change("A", due="Wed 00:00")],
        users={("Blue", "app"): week(9, Wed_04=0, Mon_04=2)},
        blackouts=[blackout("Wed 00:00", "Wed 08:00")],
    )
    found = one(p, {"A": "Mon 04:00"}, "A")
    # Neither rule alone saves anything: without the blackout it is still due, and after that nothing is cheaper.
    assert found.binding == ()
    (joint,) = found.together
    assert (joint.rules, joint.saving_cents, joint.window) == (("blackout", "due"), 200, hour("Wed 04:00"))
    assert len(joint.texts) == 2
    (forbidden,) = found.forbidden
    assert forbidden.rules == ("blackout", "due")
    assert forbidden.texts == joint.texts


def test_every_rule_that_binds_has_its_own_price() -> None:
    # Saturday costs 100 but is over after the due date, Wednesday 200 but closed, Friday costs nothing and is both
    # closed and too late; Monday costs 700. Without the blackout it is 200, without the due date 100.
    p = portfolio(
        changes=[change("A", due="Thu 00:00")],
        users={("Blue", "app"): week(9, Mon_04=7, Wed_04=2, Fri_04=0, Sat_04=1)},
        blackouts=[blackout("Wed 00:00", "Wed 08:00"), blackout("Fri 00:00", "Fri 08:00", id="payday")],
    )
    found = one(p, {"A": "Mon 04:00"}, "A")
    assert [(binding.rule, binding.saving_cents, binding.window) for binding in found.binding] == [
        ("due", 600, hour("Sat 04:00")),
        ("blackout", 500, hour("Wed 04:00")),
    ]
    assert [(joint.rules, joint.saving_cents, joint.window) for joint in found.together] == [
        (("blackout", "due"), 700, hour("Fri 04:00"))
    ]


def test_rules_that_leave_no_window_say_what_one_would_cost() -> None:
    # Left out A costs 150. After the due date the best hour costs 300, in the freeze 200.
    p = portfolio(
        changes=[change("A", drop=150, due="Mon 06:00")],
        users={("Blue", "app"): week(9, Mon_02=2, Tue_04=3)},
        blackouts=[blackout("Mon 00:00", "Mon 06:00")],
    )
    found = one(p, {}, "A")
    assert [(binding.rule, binding.saving_cents) for binding in found.binding] == [("blackout", -50), ("due", -150)]
    assert "Mon 1 Mar 2027 02:00 to 03:00 UTC would be open, and cost 0.50 EUR more than no window." in str(found)


def test_other_changes_stay_where_they_are() -> None:
    # B at 04:00 has the hour without users; A, which may not run with it, pays 2 users at 06:00 instead.
    p = portfolio(
        changes=[change("A", not_with="B"), change("B", services="mail")],
        users={("Blue", "app"): week(9, Mon_04=0, Mon_06=2), ("Blue", "mail"): 1},
    )
    found = one(p, {"A": "Mon 06:00", "B": "Mon 04:00"}, "A")
    assert [(binding.rule, binding.saving_cents) for binding in found.binding] == [("conflict", 200)]


def test_sharing_an_outage_is_named_and_priced() -> None:
    # Both put app out from 01:00 to 02:00: 300 cents each. Elsewhere A pays for app alone: 5 users, 500 cents. A would
    # then save its own 300, but B would pay 300 more, so moving away costs 500.
    p = portfolio(
        changes=[change("A"), change("B", services="db")],
        dependencies=[depends("app", "db")],
        users={("Blue", "app"): week(5, Mon_01=6)},
    )
    starts = {"A": "Mon 01:00", "B": "Mon 01:00"}
    found = one(p, starts, "A")
    assert found.shares_with == ("B",)
    assert found.cents == 300
    assert {other.extra_cents for other in found.others} == {500}
    away = schedule(p, starts | {"A": "Mon 03:00"})
    assert total(bill(p, away)) - total(bill(p, schedule(p, starts))) == 500


def test_prices_of_forbidden_starts_are_exact_too() -> None:
    # A may only run on Monday, B only on Tuesday: nobody but B reaches Tuesday, and A must still be priced there.
    p = portfolio(
        changes=[change("A", due="Tue 00:00"), change("B", earliest="Tue 00:00", due="Wed 00:00")],
        users={("Blue", "app"): week(9, Tue_05=1, Wed_05=2, Mon_05=7)},
    )
    found = one(p, {"A": "Mon 05:00", "B": "Tue 05:00"}, "A")
    # Tuesday 05:00 is shared with B and so free: 700 less. Beside it, Wednesday 05:00 costs 200: 500 less.
    assert [(f.window.start, f.saving_cents) for f in found.forbidden] == [
        (when("Tue 05:00"), 700),
        (when("Wed 05:00"), 500),
    ]


def test_late_notice_is_remarked_with_its_reason() -> None:
    p = portfolio(
        changes=[
            change("E", type="emergency"),
            change("F", fixed_start="Tue 01:00"),
            change("P"),
            change("X"),
        ],
        levels=[level("premium", notice=5)],
        teams=[team("Blue", level="premium", uses="app"), team("Green", notice=1, uses="app")],
        decisions=[decide("P", "pin", "Tue 01:00")],
    )
    starts = dict.fromkeys(["E", "F", "P"], "Tue 01:00") | {"X": "Sat 01:00"}
    plan = schedule(p, starts)  # type: ignore[arg-type]
    # Told on Monday 1 March: Tuesday is one day on, five were promised to Blue and one to Green.
    assert late_notice(p, plan.by_change["E"]) == {"Blue": (1, 5)}
    remarks = {found.change: found.remarks for found in explain(p, plan)}
    assert remarks == {
        "E": ("shorter notice than promised, as this is an emergency: Blue gets 1 of 5 days",),
        "F": ("shorter notice than promised, as the window is pinned: Blue gets 1 of 5 days",),
        "P": ("shorter notice than promised, as the window is pinned: Blue gets 1 of 5 days",),
        "X": (),
    }


def test_a_change_left_out_shows_what_windows_would_cost() -> None:
    p = portfolio(changes=[change("A", drop=150)], users={("Blue", "app"): week(9, Mon_05=2)})
    found = one(p, {}, "A")
    assert found.placement is None
    # 200 for the best window, 150 for none.
    assert (found.others[0].window, found.others[0].extra_cents) == (hour("Mon 05:00"), 50)
    assert found.by_cost == {"drop": 150}
    assert found.remarks == ("left out, although windows are open; see what they would cost",)
    placed = one(p, {"A": "Mon 05:00"}, "A")
    assert placed.drop_extra_cents == -50


def test_a_mandatory_change_has_no_price_of_leaving_it_out() -> None:
    p = portfolio(changes=[replace(change("A"), drop_cost_cents=150)], users={("Blue", "app"): 2})
    assert one(p, {"A": "Mon 05:00"}, "A").drop_extra_cents is None
    assert {other.extra_cents for other in one(p, {}, "A").others} == {200}


def test_a_change_without_any_window_names_the_rules() -> None:
    p = portfolio(
        changes=[change("A", drop=150, due="Mon 06:00")],
        users={("Blue", "app"): 1},
        blackouts=[blackout("Mon 00:00", "Mon 06:00")],
    )
    found = one(p, {}, "A")
    assert found.others == ()
    assert found.remarks == (
        "no window is left, wherever the others are: A needs 1 h outside the blackout freeze "
        "(Mon 1 Mar 2027 00:00 to 06:00 UTC); A, which needs 1 h, is due Mon 1 Mar 2027 06:00 UTC",
    )


def test_a_change_shut_out_by_others_names_the_rules() -> None:
    p = portfolio(
        changes=[change("A", drop=150, due="Mon 02:00", not_with="B"), change("B", hours=2, services="mail")],
        users={("Blue", "app"): 1},
    )
    found = one(p, {"B": "Mon 00:00"}, "A")
    assert found.remarks == ("no window is left beside the other changes under horizon, conflict and due",)
    assert [(binding.rule, binding.saving_cents) for binding in found.binding] == [("conflict", 50), ("due", 50)]


def test_every_change_is_explained_in_file_order_unless_some_are_named() -> None:
    p = portfolio(changes=[change("B"), change("A")], users={("Blue", "app"): 1})
    plan = schedule(p, {"A": "Mon 01:00", "B": "Mon 02:00"})
    assert [found.change for found in explain(p, plan)] == ["B", "A"]
    with pytest.raises(KeyError, match="nobody"):
        explain(p, plan, ["nobody"])


def test_the_curve_prices_every_start_and_says_what_forbids_it() -> None:
    # Nine users but two at 01:00 and one from 02:00 on Monday; before 02:00 is forbidden, the last half-hour too short.
    p = portfolio(
        changes=[change("A"), change("B", drop=700)],
        users={("Blue", "app"): week(9, Mon_01=2, Mon_02=1)},
        blackouts=[blackout("Mon 00:00", "Mon 02:00")],
    )
    witness = Witness(p, schedule(p, {"A": "Mon 02:00"}))
    curve = witness.curve("A")
    assert (curve.slot, curve.now_cents) == (4, 100)
    # 01:30 takes half an hour of two users and half an hour of one.
    assert list(curve.cents[:6]) == [900, 550, 200, 150, 100, 500]
    assert {rule: list(np.flatnonzero(mask)) for rule, mask in curve.forbidden.items()} == {
        "blackout": [0, 1, 2, 3],
        "horizon": [335],
    }
    # B would share the outage of A; without a window it costs its drop price.
    left_out = witness.curve("B")
    assert (left_out.slot, left_out.now_cents, left_out.cents[4]) == (None, 700, 0)
    assert witness.explain("A") == explain(p, schedule(p, {"A": "Mon 02:00"}), ["A"])[0]


def test_explaining_changes_nothing() -> None:
    p = portfolio(changes=[change("A"), change("B")], users={("Blue", "app"): week(3, Mon_01=1)})
    plan = schedule(p, {"A": "Mon 01:00", "B": "Mon 01:00"})
    assert explain(p, plan) == explain(p, plan)


@pytest.mark.parametrize("start", ["Mon 01:10", "2027-02-28T23:30Z", "2027-03-08T00:00Z"])
def test_a_start_off_the_grid_is_refused(start: str) -> None:
    p = portfolio(changes=[change("A")])
    with pytest.raises(ValueError, match="A does not start on the grid"):
        explain(p, schedule(p, {"A": start}))


PLACED = (
    "A  Change A",
    "  window     Wed 3 Mar 2027 04:00 to 05:30 UTC, expected over by Wed 3 Mar 2027 05:00 UTC",
    "  costs      27.50 EUR: Blue 25.00 EUR and Green 2.50 EUR",
    "  why here   No open window costs less while the other changes stay where they are; what stands in the "
    "way of a cheaper one follows.",
    "  binds      blackout: No work is done on a service inside a blackout that applies to it. Without that, "
    "Mon 1 Mar 2027 04:00 to 05:30 UTC would cost 25.00 EUR less.",
    "             A at Mon 1 Mar 2027 04:00 to 05:30 UTC meets the blackout freeze, Mon 1 Mar 2027 00:00 to 12:00 UTC",
    "  instead            +12.50 EUR  Thu 4 Mar 2027 04:00 to 05:30 UTC",
    "  instead           +735.00 EUR  Wed 3 Mar 2027 05:30 to 07:00 UTC",
    "  instead           +740.00 EUR  Thu 4 Mar 2027 05:30 to 07:00 UTC",
    "  instead         +1,225.00 EUR  Mon 1 Mar 2027 12:00 to 13:30 UTC",
    "  instead         +1,225.00 EUR  Mon 1 Mar 2027 13:30 to 15:00 UTC",
    "  forbidden  Sun 7 Mar 2027 04:00 to 05:30 UTC would cost 12.50 EUR less, but breaks the rules blackout and due",
    "             A at Sun 7 Mar 2027 04:00 to 05:30 UTC meets the blackout sabbath, Sun 7 Mar 2027 00:00 to 12:00 UTC",
    "             A may last until Sun 7 Mar 2027 05:30 UTC, but is due at Sat 6 Mar 2027 00:00 UTC",
)
LEFT_OUT = (
    "C  Change C",
    "  window     none",
    "  note       no window is left, wherever the others are: C may not start before Mon 1 Mar 2027 23:30 "
    "UTC; C, which needs 1 h, is due Tue 2 Mar 2027 00:00 UTC",
    "  binds      due: A change is over by its due date, even if it must be backed out. Without that, Wed 3 "
    "Mar 2027 04:00 to 05:00 UTC would cost 5.00 EUR less.",
    "             C may last until Wed 3 Mar 2027 05:00 UTC, but is due at Tue 2 Mar 2027 00:00 UTC",
    "  binds      earliest: A change does not start before its earliest date. Without that, Mon 1 Mar 2027 "
    "12:00 to 13:00 UTC would be open, and cost 997.00 EUR more than no window.",
    "             C starts at Mon 1 Mar 2027 12:00 UTC, before its earliest start at Mon 1 Mar 2027 23:30 UTC",
    "  binds      Only without the rules blackout and earliest together, Mon 1 Mar 2027 04:00 to 05:00 UTC "
    "would cost 3.00 EUR less.",
    "             C at Mon 1 Mar 2027 04:00 to 05:00 UTC meets the blackout freeze, Mon 1 Mar 2027 00:00 to 12:00 UTC",
    "             C starts at Mon 1 Mar 2027 04:00 UTC, before its earliest start at Mon 1 Mar 2027 23:30 UTC",
    "  instead    no other window is open while the other changes stay where they are",
    "  forbidden  Mon 1 Mar 2027 05:00 to 06:00 UTC would cost 3.00 EUR less, but breaks the rules blackout "
    "and earliest",
    "             C at Mon 1 Mar 2027 05:00 to 06:00 UTC meets the blackout freeze, Mon 1 Mar 2027 00:00 to 12:00 UTC",
    "             C starts at Mon 1 Mar 2027 05:00 UTC, before its earliest start at Mon 1 Mar 2027 23:30 UTC",
)


def test_as_text() -> None:
    # A: 20 of Blue and 2 of Green for an hour, and half of another half-hour, as P90 is at 90 minutes: 25 and 2.50.
    # On Thursday Blue has 30, half as much again; on Monday morning nobody of Blue, so only Green's 2.50 is left.
    # C left out costs 5.00. On Wednesday it would share the outage of A for nothing, on Monday morning cost Green 2.00.
    p = portfolio(
        changes=[
            change("A", p90=90, due="Sat 00:00"),
            change("B", services="mail"),
            change("C", drop=500, due="Tue 00:00", earliest="Mon 23:30"),
        ],
        users={
            ("Blue", "app"): week(
                1000, Mon_02=5, Mon_04=0, Mon_05=0, Wed_04=20, Wed_05=20, Thu_04=30, Thu_05=30, Sun_04=10, Sun_05=10
            ),
            ("Green", "app"): 2,
        },
        blackouts=[blackout("Mon 00:00", "Mon 12:00"), blackout("Sun 00:00", "Sun 12:00", id="sabbath")],
    )
    placed, nobody, left_out = explain(p, schedule(p, {"A": "Wed 04:00", "B": "Fri 04:00"}))
    assert str(placed).splitlines() == list(PLACED)
    assert str(nobody).splitlines()[3] == "  why here   It costs nobody anything."
    assert str(left_out).splitlines() == list(LEFT_OUT)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_every_price_and_every_verdict_is_that_of_bill_and_verify(case: tuple[Portfolio, dict[str, int]]) -> None:
    p, slots = case
    starts = {name: p.horizon.at(slot) for name, slot in slots.items()}
    cost = total(bill(p, schedule_of(p, starts)))

    def extra(name: str, start: datetime) -> int:
        return total(bill(p, schedule_of(p, starts | {name: start}))) - cost

    def broken(some: dict[str, datetime]) -> list[str]:
        return [one.rule for one in verify(p, schedule_of(p, some)) if one.rule != "mandatory"]

    for found in explain(p, schedule_of(p, starts)):
        rest = {name: start for name, start in starts.items() if name != found.change}
        for other in found.others:
            assert extra(found.change, other.window.start) == other.extra_cents
            # Where the others break rules among themselves, one more may be counted in without adding to it.
            assert broken(rest) or not broken(rest | {found.change: other.window.start})
        for forbidden in found.forbidden:
            assert extra(found.change, forbidden.window.start) == -forbidden.saving_cents
            moved = rest | {found.change: forbidden.window.start}
            assert broken(rest) or set(forbidden.rules) == set(broken(moved))
            words = [one.text for one in verify(p, schedule_of(p, moved)) if found.change in one.changes]
            assert broken(rest) or sorted(forbidden.texts) == sorted(words)
        for window, saving, rules in [
            *((binding.window, binding.saving_cents, {binding.rule}) for binding in found.binding),
            *((joint.window, joint.saving_cents, set(joint.rules)) for joint in found.together),
        ]:
            if found.placement or p.changes[found.change].drop_cost_cents is not None:
                assert extra(found.change, window.start) == -saving
            assert broken(rest) or set(broken(rest | {found.change: window.start})) == rules
        # Whatever tempts is named by some of the rules that forbid it, unless too many sets of rules are to be named.
        named = [({binding.rule}, binding.saving_cents) for binding in found.binding]
        named += [(set(joint.rules), joint.saving_cents) for joint in found.together]
        for forbidden in found.forbidden if len(found.together) < MOST_TOGETHER and not broken(rest) else ():
            cheapest_open = max((-other.extra_cents for other in found.others), default=0)
            assert forbidden.saving_cents <= cheapest_open or any(
                rules <= set(forbidden.rules) and saving >= forbidden.saving_cents for rules, saving in named
            )


def test_changes_of_one_window_say_so() -> None:
    p = portfolio(
        changes=[change("A"), change("B", services="mail", same_as="A"), change("C")], users={("blue", "app"): 1}
    )
    plan = schedule(p, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 05:00"})
    tied, _, free = explain(p, plan)
    assert tied.remarks == ("starts together with B, so that alone it cannot move",)
    assert tied.others == ()
    assert free.remarks == ()
    assert free.others
