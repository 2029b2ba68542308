"""Curves are those of the explanation, with the starts worth a mark."""

from dataclasses import replace

import numpy as np
from builders import blackout, change, portfolio, schedule

from scheduler.baselines import habit_schedules
from scheduler.explain import Witness
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.ui.curves import CURVE_COLUMNS, MARK_COLUMNS, curve, curve_marks, extra_text, worth_drawing


def small() -> tuple[Portfolio, Schedule]:
    """A takes an hour: it is free on Monday from 01:00, which is forbidden, and costs 1.00 on Tuesday from 04:00."""
    users = np.full(336, 9.0)
    users[2:4] = 0
    users[56:58] = 1
    p = portfolio(
        changes=[change("A")],
        users={("Blue", "app"): users},
        blackouts=[blackout("Mon 00:00", "Mon 12:00")],
        zone="America/New_York",
    )
    return p, schedule(p, {"A": "Tue 04:00"})


def test_every_start_has_its_price_and_what_forbids_it() -> None:
    p, plan = small()
    witness = Witness(p, plan)
    points = curve(p, witness.curve("A"))
    assert tuple(points.columns) == CURVE_COLUMNS
    # 336 half-hours, but in the last one an hour does not fit; 01:00 in UTC is 20:00 the evening before in New York.
    assert len(points) == 335
    first = points.iloc[2]
    assert (str(first["start"]), first["extra_cents"], first["extra"], first["cost"]) == (
        "2027-02-28 20:00:00", -100, -1.0, "-1.00 EUR",
    )  # fmt: skip
    assert first["when"] == "Sun 28 Feb 2027 20:00 EST"
    assert (first["legal"], first["rules"]) == (False, "blackout")
    assert points["legal"].tolist() == [slot >= 24 for slot in range(335)]


def test_the_chosen_the_habitual_and_the_forbidden_are_marked() -> None:
    p, plan = small()
    habits = {
        name: found[0] for name, found in habit_schedules(p, plan).items() if name in ("sunday_0200", "first_come")
    }
    marks = curve_marks(p, Witness(p, plan).curve("A"), habits).set_index("kind")
    assert list(marks.reset_index().columns) == list(MARK_COLUMNS)
    assert list(marks.index) == ["chosen", *habits, "forbidden"]
    assert marks.at["chosen", "label"] == "chosen: Mon 1 Mar 2027 23:00 EST, 0.00 EUR"
    assert marks.at["first_come", "when"] == "Mon 1 Mar 2027 23:00 EST"
    # app is served from UTC: the first Sunday 02:00 there.
    assert marks.at["sunday_0200", "when"] == "Sat 6 Mar 2027 21:00 EST"
    assert marks.at["sunday_0200", "extra_cents"] == 800
    assert marks.at["forbidden", "label"] == (
        "cheapest, but forbidden by blackout: Sun 28 Feb 2027 20:00 EST, -1.00 EUR"
    )


def test_a_change_without_a_window_has_no_chosen_start() -> None:
    p, _ = small()
    empty = schedule(p, {})
    marks = curve_marks(p, Witness(p, empty).curve("A"), {})
    assert list(marks["kind"]) == []


def test_starts_that_are_all_forbidden_are_not_drawn() -> None:
    p, plan = small()
    price = Witness(p, plan).curve("A")
    none = curve_marks(p, price, {}).iloc[:0]
    closed = np.ones(336, dtype=np.bool_)
    opened = closed.copy()
    opened[150] = False
    # Allowed at slot 150, marked at 160, and three days of half-hours around.
    assert worth_drawing(p, replace(price, forbidden={"blackout": opened}), none) == range(150 - 144, 150 + 144 + 1)
    marks = none.copy()
    marks.loc[0, "start"] = curve(p, price, slots=range(160, 161)).at[0, "start"]
    narrowed = worth_drawing(p, replace(price, forbidden={"blackout": opened}), marks)
    assert narrowed == range(150 - 144, 160 + 144 + 1)
    assert curve(p, price, slots=narrowed).equals(curve(p, price).iloc[6:305].reset_index(drop=True))
    assert worth_drawing(p, replace(price, forbidden={"blackout": closed}), none) == range(335)


def test_amounts_on_top_carry_their_sign() -> None:
    assert [extra_text(cents, "EUR") for cents in (150, 0, -150)] == ["+1.50 EUR", "0.00 EUR", "-1.50 EUR"]
