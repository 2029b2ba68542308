"""Tables hold what the plan holds, to the cent, and say times with their zones."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from builders import change, decide, portfolio, schedule, team, when
from ui_plans import document, nothing_planned, plan, planned, world

from scheduler.horizon import Window
from scheduler.schedule import BaselineFigures, Shift
from scheduler.ui import tables
from scheduler.wording import window_text


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def test_the_schedule_in_order_of_time() -> None:
    result, _ = plan()
    table = tables.schedule_table(result)
    assert tuple(table.columns) == tables.SCHEDULE_COLUMNS
    assert rows(table, "change", "state_text", "window", "over_by") == [
        ("F", "○ proposed", "Mon 1 Mar 2027 10:00 to 11:00 GMT", "Mon 1 Mar 2027 11:00 GMT"),
        ("A", "○ proposed", "Tue 2 Mar 2027 01:00 to 04:30 GMT", "Tue 2 Mar 2027 03:00 GMT"),
        ("B", "○ proposed", "Tue 2 Mar 2027 02:00 to 03:00 GMT", "Tue 2 Mar 2027 03:00 GMT"),
        ("C", "■ pinned", "Wed 3 Mar 2027 22:00 to 23:00 GMT", "Wed 3 Mar 2027 23:00 GMT"),
        ("D", "✓ approved", "Thu 4 Mar 2027 03:00 to 04:00 GMT", "Thu 4 Mar 2027 04:00 GMT"),
    ]
    assert rows(table, "services", "engineers", "teams")[1:4] == [
        ("app", "Ana (dba)", 2),
        ("mail", "", 2),
        ("app, mail", "", 3),
    ]
    assert table["start"].tolist()[1] == when("Tue 01:00")


def test_the_schedule_costs_what_the_documents_say() -> None:
    result, _ = plan()
    placements = {one["change"]: (one["cents"], one["weighted_cents"]) for one in document(result)["placements"]}
    table = tables.schedule_table(result)
    assert {
        name: (cents, weighted) for name, cents, weighted in rows(table, "change", "cents", "weighted_cents")
    } == placements
    # B waits 26 hours at 48.00 a day, and an hour of Blue's 3 users costs 3.00.
    assert table.set_index("change").at["B", "cost"] == "55.00 EUR"


def test_times_in_another_zone() -> None:
    result, _ = plan()
    table = tables.schedule_table(result, zone="America/New_York")
    assert table["window"].tolist()[1] == "Mon 1 Mar 2027 20:00 to 23:30 EST"


@pytest.mark.parametrize(
    ("decisions", "announced", "state"),
    [
        ((), {}, "proposed"),
        ((), {"A": ("Tue 01:00", "Mon 00:00")}, "announced"),
        ((decide("A", "pin", "Tue 01:00"),), {}, "pinned"),
        ((decide("A", "approve", "Tue 01:00"),), {}, "approved"),
        ((decide("A", "pin", "Wed 01:00"), decide("A", "approve", "Tue 01:00")), {}, "approved"),
        ((decide("A", "approve", "Tue 01:00"), decide("A", "pin", "Tue 01:00")), {}, "pinned"),
        ((decide("A", "approve", "Wed 01:00"),), {}, "proposed"),
    ],
)  # fmt: skip
def test_states(decisions: tuple[object, ...], announced: dict[str, tuple[str, str]], state: str) -> None:
    p = portfolio(changes=[change("A")], decisions=decisions, announced=announced)  # type: ignore[arg-type]
    placement = schedule(p, {"A": "Tue 01:00"}).placements[0]
    assert tables.state_of(p, placement) == state


def test_windows_by_service_and_by_team() -> None:
    result, _ = plan()
    by_service = tables.windows(result)
    assert tuple(by_service.columns) == tables.WINDOW_COLUMNS
    assert rows(by_service, "id", "change") == [
        ("spare", "F"), ("app", "A"), ("mail", "B"), ("app", "C"), ("mail", "C"), ("db", "D"),
    ]  # fmt: skip
    by_team = tables.windows(result, "team")
    assert rows(by_team, "id", "change") == [
        ("Blue", "A"), ("Green", "A"), ("Blue", "B"), ("Red", "B"), ("Blue", "C"), ("Green", "C"), ("Red", "C"),
    ]  # fmt: skip
    first = by_service.iloc[1]
    assert [first["start"], first["end"], first["reserved_until"]] == [
        pd.Timestamp("2027-03-02 01:00"), pd.Timestamp("2027-03-02 03:00"), pd.Timestamp("2027-03-02 04:30"),
    ]  # fmt: skip


def test_a_window_over_a_clock_change_is_drawn_as_long_as_it_is() -> None:
    # Clocks in London go from 01:00 to 02:00: three hours from 00:00 end at 04:00 on the wall.
    p = portfolio(changes=[change("A", hours=3)], start="2027-03-22T00:00Z", zone="Europe/London")
    frame = tables.windows(planned(p, schedule(p, {"A": "2027-03-28T00:00Z"})))
    assert frame["end"].iloc[0] - frame["start"].iloc[0] == timedelta(hours=3)
    assert frame["window"].iloc[0] == "Sun 28 Mar 2027 00:00 GMT to 04:00 BST"


def test_teams_lose_what_the_charges_say() -> None:
    result, _ = plan()
    table = tables.charges_by_team(result)
    assert tuple(table.columns) == tables.TEAM_COLUMNS
    lost = {name: 0 for name in result.portfolio.teams}
    for charge in result.charges:
        if charge.team:
            lost[charge.team] += charge.cents
    assert dict(rows(table, "team", "cents")) == lost
    assert table["cents"].sum() == document(result)["cost_cents"] == result.cost_cents
    assert table["cents"].is_monotonic_decreasing
    assert table["share"].sum() == pytest.approx(1)
    assert rows(table, "team", "windows") == [("Blue", 3), ("Green", 2), ("Red", 2)]


def test_assumed_usage_is_marked_where_money_rests_on_it() -> None:
    p = portfolio(changes=[change("A"), change("B")], teams=[team("Blue", uses="app"), team("Green", uses="app")])
    known = {("Green", "app"): (p.known_users or {})[("Green", "app")]}
    p = replace(p, known_users=known, teams=p.teams | {"Blue": replace(p.teams["Blue"], headcount=9)})
    result = planned(p, schedule(p, {"A": "Tue 10:00", "B": "Sun 03:00"}))
    assert dict(rows(tables.charges_by_team(result), "team", "assumed")) == {"Blue": True, "Green": False}
    day, night = (tables.teams_of_change(result, one) for one in result.schedule.placements)
    assert dict(rows(day, "team", "assumed")) == {"Blue": True, "Green": False}
    # On Sunday night nobody is assumed to be there.
    assert dict(rows(night, "team", "assumed")) == {"Blue": False, "Green": False}


def test_who_is_hit_by_one_change_and_when_they_were_told() -> None:
    result, _ = plan()
    table = tables.teams_of_change(result, result.schedule.by_change["A"])
    assert tuple(table.columns) == tables.CHANGE_TEAM_COLUMNS
    assert rows(table, "team", "window", "notice_days") == [
        ("Blue", "Tue 2 Mar 2027 01:00 to 04:30 GMT", 8),
        # Told on 22 February at 04:00 of New York, for a window that starts there on 1 March.
        ("Green", "Mon 1 Mar 2027 20:00 to 23:30 EST", 7),
    ]
    assert table["promised_days"].tolist() == [2, pd.NA]
    assert table["cents"].sum() == result_cents(result.charges, "A")


def result_cents(charges: object, change: str) -> int:
    return sum(one.cents for one in charges if one.change == change and one.team)  # type: ignore[attr-defined]


def test_parts_add_up_to_the_objective() -> None:
    result, _ = plan()
    table = tables.parts(result)
    document_parts = document(result)["parts"]
    assert {name: {"cents": cents, "weighted_cents": weighted}
            for name, cents, weighted in rows(table, "cost", "cents", "weighted_cents")} == document_parts  # fmt: skip
    assert table["weighted_cents"].sum() == result.objective_cents
    assert all(table["meaning"])


def test_savings_are_those_of_the_documents() -> None:
    result, _ = plan()
    table = tables.savings(result)
    assert tuple(table.columns) == tables.SAVING_COLUMNS
    for name, figures in document(result)["baselines"].items():
        row = table.set_index("habit").loc[name]
        assert {key: row[key] for key in figures} == figures
    assert table["habit"].iloc[0] == "plan"
    assert table["objective_cents"].iloc[0] == (result.objective_cents or 0) - 50_000
    assert table["amount"].tolist() == [cents / 100 for cents in table["objective_cents"]]


def test_a_habit_that_breaks_rules_is_broken_and_not_compared() -> None:
    result, _ = plan()
    cheap = BaselineFigures(objective_cents=1, cost_cents=1, drop_cents=0, violations=3)
    table = tables.savings(replace(result, baselines={"first_come": cheap})).set_index("habit")
    assert table.at["first_come", "kind"] == "broken"
    assert table.at["first_come", "text"] == "cannot be compared: that breaks rules 3 times"


def test_nothing_planned_gives_empty_tables_with_their_columns() -> None:
    result = nothing_planned()
    assert list(tables.schedule_table(result).columns) == list(tables.SCHEDULE_COLUMNS)
    assert tables.windows(result)["start"].dtype == "datetime64[us]"
    assert tables.charges_by_team(result).empty
    assert tables.parts(result)["cents"].sum() == 0
    assert tables.savings(result)["habit"].tolist() == ["plan"]


def test_names_that_are_alike_show_their_ids() -> None:
    p = world()
    same = {name: replace(one, name="Same") for name, one in p.services.items()}
    p = replace(p, services=same)
    shown = tables.windows(planned(p, schedule(p, {"A": "Tue 01:00"})))
    assert shown["row"].tolist() == ["Same (app)"]


def test_a_crew_is_named_with_when_who_serves_not_all_of_it() -> None:
    placement = plan()[0].schedule.placements[0]
    middle = placement.start + (placement.reserved_until - placement.start) / 2
    whole = Shift(engineer="Ana", skill="dba", start=placement.start, end=placement.reserved_until)
    late = Shift(engineer="Ben", skill="network", start=middle, end=placement.reserved_until)
    said = tables.crew(replace(placement, engineers=(whole, late)), "Europe/London")
    served = window_text(Window(middle, placement.reserved_until), "Europe/London")
    assert said == ["Ana (dba)", f"Ben (network, {served})"]
    assert tables.crew(replace(placement, engineers=()), "Europe/London") == []
