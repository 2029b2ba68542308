"""What the command line shows: progress in place and in a log, and the words for every kind of answer."""

import io
import json
from dataclasses import replace

from builders import change, level, portfolio, schedule, team

from scheduler.batch import plan
from scheduler.console import ProgressLine, ProgressRecords, progress_text, result_text, violations_text
from scheduler.schedule import BaselineFigures, Clash, Relaxation, Result, Schedule, Unplaced, total
from scheduler.solver.incumbent import Progress
from scheduler.verify import bill


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(seconds: float, cost: int | None, bound: int | None = None) -> Progress:
    return Progress(seconds=seconds, phase="search", objective_cents=cost, bound_cents=bound)


def result(**more: object) -> Result:
    """One hour of Monday without Blue's four users: 400 cents, 800 weighted; B is left out for 70 euros."""
    p = portfolio(
        changes=[change("A"), change("B", services="mail", drop=7000)],
        levels=[level("premium", weight=2)],
        teams=[team("Blue", level="premium")],
        users={("Blue", "app"): 4},
    )
    chosen = schedule(p, {"A": "Mon 02:00"})
    charges = tuple(bill(p, chosen))
    habit = BaselineFigures(objective_cents=1000, cost_cents=500, drop_cents=7000, violations=0)
    made = Result(
        portfolio=p,
        schedule=chosen,
        status="FEASIBLE",
        charges=charges,
        objective_cents=total(charges),
        bound_cents=total(charges) * 9 // 10,
        seconds=12.34,
        unplaced=(Unplaced(change="B", reason="too dear", drop_cents=7000),),
        baselines={
            "first_come": habit,
            "earliest": replace(habit, objective_cents=400),
            "random": habit,
            "random_best": replace(habit, violations=3),
            "sunday_0200": replace(habit, objective_cents=0),
        },
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_progress_for_programs_is_json_even_on_a_terminal() -> None:
    stream = Terminal()
    line = ProgressRecords("EUR", stream, every=0)
    for one in (progress(0, None), progress(1.25, 300_000, 240_000)):
        line(one)
    line.done()
    assert [json.loads(text) for text in stream.getvalue().splitlines()] == [
        {"seconds": 0, "phase": "search", "objective_cents": None, "bound_cents": None},
        {"seconds": 1.25, "phase": "search", "objective_cents": 300_000, "bound_cents": 240_000},
    ]


def test_progress_in_one_line() -> None:
    # (3,000 − 2,400) / 3,000 is 20 %.
    assert progress_text(progress(1.25, 300_000, 240_000), "EUR") == (
        "   1.2 s  search                  cost 3,000 EUR  bound 2,400 EUR  gap 20.0%"
    )
    assert progress_text(progress(0, None), "EUR").endswith("cost -  bound -  gap -")
    assert progress_text(progress(0, 0, 0), "EUR").endswith("cost 0 EUR  bound 0 EUR  gap -")


def test_a_log_gets_a_line_a_second() -> None:
    log = io.StringIO()
    line = ProgressLine("EUR", log)
    for cost in (300, 200, 100):
        line(progress(1, cost))
    assert log.getvalue() == progress_text(progress(1, 300), "EUR") + "\n"
    # The second came too soon, and then the third took its place.
    line.done()
    assert log.getvalue() == "".join(progress_text(progress(1, cost), "EUR") + "\n" for cost in (300, 100))
    at_once = io.StringIO()
    line = ProgressLine("EUR", at_once, every=0)
    for cost in (30_000, 30_000, 20_000):
        line(progress(1, cost))
    # What has not changed is not said again.
    assert at_once.getvalue().count("\n") == 2


def test_a_terminal_is_written_in_place() -> None:
    terminal = Terminal()
    line = ProgressLine("EUR", terminal, every=0)
    line(progress(1, 123_456_700))
    line(progress(2, 100))
    line.done()
    shown = terminal.getvalue()
    assert shown.count("\r") == 2
    assert shown.count("\n") == 1
    first, second = shown.rstrip("\n").split("\r")[1:]
    assert len(second) == len(first), "the shorter line must cover the longer one"
    line.done()
    assert terminal.getvalue() == shown


def test_a_plan_in_words() -> None:
    lines = result_text(result()).splitlines()
    assert lines[:7] == [
        "Test: 1 of 2 changes placed in the 1 week from Mon 1 Mar 2027 00:00 UTC.",
        "The plan costs clients 4.00 EUR (8.00 EUR weighted by service level, with delay).",
        # 800 of 1,000; 800 of 400 is twice as much.
        "Against first come first served it saves 20.0%.",
        "Against the earliest start it costs 100.0% more.",
        "Against the best of 20 random plans it cannot be compared: that breaks rules 3 times.",
        "Against Sunday 02:00 it costs more: that costs nothing.",
        "No plan can be more than 10.0% cheaper (proven in 12.3 s).",
    ]
    assert "this plan                         8.00 EUR      4.00 EUR  70.00 EUR             0" in lines
    assert "A       Change A  Mon 1 Mar 2027 02:00 to 03:00 UTC  4.00 EUR  proposed" in lines
    assert "  B (70.00 EUR): too dear" in lines


def test_how_good_a_plan_is() -> None:
    assert "No plan can be cheaper (proven in 12.3 s)." in result_text(result(status="OPTIMAL", bound_cents=7800))
    assert "was not found out (after 12.3 s)" in result_text(result(bound_cents=None))
    assert "was not found out (after 12.3 s)" in result_text(result(bound_cents=0))


def test_no_schedule_in_words() -> None:
    none = {"schedule": Schedule(), "objective_cents": None, "bound_cents": None, "charges": ()}
    clash = (Clash(rule="due", changes=("A",), text="A has no start"),)
    infeasible = result_text(result(status="INFEASIBLE", clash=clash, **none))
    assert infeasible == "Test: no schedule obeys every rule.\nThis cannot be met:\n  due: A has no start"
    unknown = result_text(result(status="INFEASIBLE", **none))
    assert unknown.endswith("\nWhat stands in the way was not found in the time given.")
    assert "without a schedule" in result_text(result(status="STOPPED", **none))


def test_only_the_first_warnings_are_shown_in_full() -> None:
    made = result()
    warned = replace(made.portfolio, warnings=tuple(f"mind {n}" for n in range(13)))
    text = result_text(replace(made, portfolio=warned))
    assert text.endswith("  mind 9\n  and 3 more, which `check` lists")


def test_why_nothing_fits_and_what_would_help() -> None:
    def told(*texts: str) -> tuple[Clash, ...]:
        return tuple(Clash(rule="due", changes=("A",), text=text) for text in texts)

    def mended(cents: int, proven: bool, *texts: str) -> Relaxation:
        return Relaxation(lifted=told(*texts), objective_cents=cents, cost_cents=cents, proven=proven)

    none = {"schedule": Schedule(), "objective_cents": None, "bound_cents": None, "charges": (), "status": "INFEASIBLE"}
    clash = told("A is due", "A is early")
    one = result_text(result(clash=clash, **none))
    assert one.splitlines()[1] == (
        "These cannot all be met; there was no time to find out whether all of them are to blame:"
    )
    ways = (mended(5000, True, "leave A out"), mended(12345, False, "let A be late"))
    said = result_text(result(clash=clash, clash_is_minimal=True, more_clashes=(told("B"),), relaxations=ways, **none))
    assert said.splitlines()[1:] == [
        "These cannot all be met; without any one of them the others could:",
        "  due: A is due",
        "  due: A is early",
        "Nor can these, whatever is done about the others:",
        "  due: B",
        "Each of these would make a plan possible:",
        "  leave A out",
        "    and the plan costs 50.00 EUR (weighted, with delay and what is left out)",
        "  let A be late",
        "    and the plan costs at most 123.45 EUR (weighted, with delay and what is left out), "
        "73.45 EUR more than the cheapest",
    ]
    many = tuple(mended(0, True, "leave A out", f"leave B{number} out") for number in range(12))
    said = result_text(result(clash=clash, relaxations=many, **none))
    assert "make a plan possible, the steps of a line taken together:\n  leave A out; leave B0 out\n" in said
    assert said.endswith("  and 2 other ways, which --json lists")


def test_a_plan_that_costs_nothing() -> None:
    made = plan(portfolio(changes=[change("A")]), time_limit=2)
    text = result_text(made)
    assert "saves nothing: that costs nothing either" in text
    assert "No plan can be cheaper" in text


def test_no_violations_are_said_too() -> None:
    assert violations_text([]) == "no rule is broken"
