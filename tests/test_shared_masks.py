"""Changes that the rules treat alike share one mask, and what is special about one of them stays its own."""

import numpy as np
from builders import blackout, calendar, change, decide, level, portfolio, preference, problem_of, team

from scheduler.rules import RULES


def world(**more):
    about = {"earliest": "Mon 06:00", "due": "Sun 12:00", "allowed": "night"}
    return portfolio(
        changes=[change("A", **about), change("B", **about), change("C", hours=2, **about)],
        teams=[team("Blue", level="gold")],
        levels=[level("gold", notice=2, protected="Fri 00:00-24:00")],
        calendars=[calendar("night", "allowed", "22:00-06:00")],
        blackouts=[blackout("Wed 00:00", "Wed 03:00")],
        preferences=[preference("Blue", "never", "Sat 00:00-24:00")],
        users={("Blue", "app"): 1},
        **more,
    )


def test_changes_alike_share_masks():
    masks = problem_of(world(), *RULES).masks
    wanted = {"horizon", "earliest", "due", "allowed", "blackout", "never", "notice", "protected hours"}
    assert wanted <= masks[0].keys()
    assert all(masks[0][rule] is masks[1][rule] for rule in masks[0])
    # What no length plays a part in is shared with the longer change too.
    assert {rule for rule in masks[0] if masks[0][rule] is masks[2][rule]} == {"earliest", "notice"}


def test_an_announced_window_opens_no_start_for_others():
    # Announced a week ago, Tuesday 00:00 has the two days of notice that, from now on, begin with Wednesday.
    p = world(decisions=[decide("A", "approve", "Tue 00:00", "2027-02-22T00:00Z")], approved_may_move=True)
    of_a, of_b, _ = (masks["notice"] for masks in problem_of(p, *RULES).masks)
    assert np.flatnonzero(of_a != of_b).tolist() == [48]
    assert of_a[48]
