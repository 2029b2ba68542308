"""What collides: windows on one service at one time, and windows that break a rule together."""

from builders import change, portfolio, schedule

from scheduler.ui.collisions import found_in
from scheduler.ui.timeline_marks import together


def test_windows_on_one_service_at_one_time_collide() -> None:
    # A and B share app from 02:00 to 03:00, C begins as A ends, D is elsewhere.
    p = portfolio(
        changes=[change("A", hours=2), change("B", hours=2), change("C"), change("D", services="mail", hours=9)]
    )
    found = found_in(p, schedule(p, {"A": "Mon 01:00", "B": "Mon 02:00", "C": "Mon 04:00", "D": "Mon 01:00"}))
    assert {name: (one.others, one.services) for name, one in found.items()} == {
        "A": ({"B"}, {"app"}),
        "B": ({"A"}, {"app"}),
    }
    assert not any(one.is_conflict for one in found.values())


def test_a_broken_rule_is_a_conflict_of_all_it_names() -> None:
    p = portfolio(changes=[change("A", not_with="B"), change("B", services="mail")])
    found = found_in(p, schedule(p, {"A": "Mon 01:00", "B": "Mon 01:00"}))
    assert found["A"].is_conflict
    assert found["A"].broken[0].startswith("conflict: ")
    assert together(found, "A") == {"A", "B"} == together(found, "B")
    assert together(found, "Z") == {"Z"}


def test_nothing_collides_alone() -> None:
    p = portfolio(changes=[change("A")])
    assert found_in(p, schedule(p, {"A": "Mon 01:00"})) == {}
