"""Burden over size of teams, worked by hand."""

from fractions import Fraction

from builders import change, portfolio, schedule, team

from scheduler.demand.burden import burdens, largest, sizes
from scheduler.verify import bill


def test_size_is_all_a_team_could_lose_and_burden_what_it_does() -> None:
    # A week has 168 hours. Blue: 2 users of app and 1 of web at 100 cents an hour; Green: 1 user of app at 100.
    p = portfolio(
        changes=[change("A", hours=2, services="app")],
        users={("Blue", "app"): 2, ("Blue", "web"): 1, ("Green", "app"): 1},
    )
    assert sizes(p) == {"Blue": 168 * 300, "Green": 168 * 100}
    # Two hours of app: 400 cents for Blue, 200 for Green.
    found = burdens(p, bill(p, schedule(p, {"A": "Mon 02:00"})))
    assert found == {"Blue": Fraction(400, 168 * 300), "Green": Fraction(200, 168 * 100)}
    assert largest(found) == ("Green", Fraction(1, 84))


def test_a_team_of_size_0_has_no_burden() -> None:
    p = portfolio(
        changes=[change("A", services="app")],
        teams=[team("Idle", uses="app")],
        users={("Blue", "app"): 1, ("Idle", "app"): 0},
    )
    assert list(sizes(p)) == ["Blue"]
    assert list(burdens(p, bill(p, schedule(p, {"A": "Mon 02:00"})))) == ["Blue"]


def test_delay_and_drop_are_nobodys_burden() -> None:
    p = portfolio(
        changes=[change("A", services="app", delay=100), change("B", services="app", drop=500)],
        users={("Blue", "app"): [0] * 100 + [1] * 236},
    )
    found = burdens(p, bill(p, schedule(p, {"A": "Mon 02:00"})))
    assert found == {"Blue": Fraction(0)}
    assert largest(found) == ("Blue", Fraction(0))
    assert largest({}) == ("", Fraction(0))


def test_of_equal_burdens_the_first_team_is_named() -> None:
    assert largest({"b": Fraction(1, 3), "a": Fraction(1, 3)}) == ("a", Fraction(1, 3))
