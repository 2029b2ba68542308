from itertools import pairwise
from typing import Any

import pytest

UNRESOLVED = [
    (
        "changes.csv",
        "services",
        "mail;mial",
        "'mial' is not in services.csv; did you mean 'mail'?",
    ),
    ("changes.csv", "services", "xyz", "'xyz' is not in services.csv; add it there, or correct it here"),
    ("changes.csv", "after", "C0+120m", "'C0+120m' is not in changes.csv or history.csv; {add}"),
    ("changes.csv", "after", "CC1", "'CC1' is not in changes.csv or history.csv; {add}"),
    ("changes.csv", "not_with", "Q", "'Q' is not in changes.csv; add it there, or correct it here"),
    ("changes.csv", "same_window_as", "Q", "'Q' is not in changes.csv; add it there, or correct it here"),
    ("changes.csv", "allowed", "nights", "'nights' is not in calendars.csv; add it there, or correct it here"),
    ("changes.csv", "after", "C1+2h", "'C1+2h' is this change itself; delete it here"),
    ("changes.csv", "not_with", "C1", "'C1' is this change itself; delete it here"),
    ("changes.csv", "same_window_as", "C1", "'C1' is this change itself; delete it here"),
    ("teams.csv", "uses", "web", "'web' is not in services.csv or redundancy.csv; add it there, or correct it here"),
    (
        "teams.csv",
        "service_level",
        "gold",
        "'gold' is not in the service levels of policy.toml; add it there, or correct it here",
    ),
    (
        "dependencies.csv",
        "depends_on",
        "db",
        "'db' is not in services.csv or redundancy.csv; add it there, or correct it here",
    ),
    ("dependencies.csv", "service", "maill", "'maill' is not in services.csv; did you mean 'mail'?"),
    (
        "redundancy.csv",
        "service",
        "m1",
        "'m1' is not in services.csv or redundancy.csv; add it there, or correct it here",
    ),
    ("decisions.csv", "change", "c1", "'c1' is not in changes.csv or history.csv; did you mean 'C1'?"),
    ("events.csv", "team", "Blues", "'Blues' is not in teams.csv; did you mean 'Blue'?"),
    ("preferences.csv", "team", "*", "'*' is not in teams.csv; add it there, or correct it here"),
    ("calendars.csv", "applies_to", "*;service:web", "'service:web' is not in services.csv or redundancy.csv; {add}"),
    ("calendars.csv", "applies_to", "team:Bleu", "'team:Bleu' is not in teams.csv; did you mean 'Blue'?"),
    ("calendars.csv", "applies_to", "site:x", "'site:x' is not in services.csv; {add}"),
    ("calendars.csv", "applies_to", "engineer:ana", "'engineer:ana' is not in engineers.csv; {add}"),
    (
        "engineers.csv",
        "works",
        "shift",
        "'shift' is neither weekly hours nor in calendars.csv; "
        "write hours such as Mon-Fri 08:00-18:00, or add the calendar",
    ),
]


@pytest.mark.parametrize(("file", "column", "value", "problem"), UNRESOLVED)
def test_ids_that_lead_nowhere(cell: Any, file: str, column: str, value: str, problem: str) -> None:
    text = problem.replace("{add}", "add it there, or correct it here")
    assert f"{file}, row 2, {column}: {text}" in cell(file, column, value).problems()


def test_only_what_leads_nowhere_is_reported(cell: Any) -> None:
    assert cell("changes.csv", "services", "mail;mial").problems() == [
        "changes.csv, row 2, services: 'mial' is not in services.csv; did you mean 'mail'?"
    ]


def test_a_change_may_have_the_id_of_a_service(folder: Any) -> None:
    assert folder.write("changes.csv", "change,services,duration_minutes\nmail,mail,60\n").warnings() == []


def test_groups_are_not_worked_on(folder: Any) -> None:
    folder.write("services.csv", "service\nmail\nm1\nm2\n")
    folder.write("redundancy.csv", "group,service\npool,m1\npool,m2\n")
    folder.write("dependencies.csv", "service,depends_on\nmail,pool\npool,mail\n")
    folder.write("changes.csv", "change,services,duration_minutes\nC1,pool,60\n")
    text = "'pool' is a redundancy group; name services here, such as its members"
    assert [one for one in folder.problems() if "circle" not in one] == [
        f"dependencies.csv, row 3, service: {text}",
        f"changes.csv, row 2, services: {text}",
    ]


def test_done_changes_satisfy_what_comes_after(folder: Any) -> None:
    folder.write("history.csv", "change\nC0\n")
    folder.write("changes.csv", "change,services,duration_minutes,after\nC1,mail,60,C0+1d\n")
    portfolio = folder.load()
    assert portfolio.done == {"C0"}
    assert [(one.change, one.lag_minutes) for one in portfolio.changes["C1"].after] == [("C0", 1440)]


def test_an_id_that_looks_like_a_pause_is_an_id(folder: Any) -> None:
    folder.write("changes.csv", "change,services,duration_minutes,after\nA+5m,mail,60,\nC1,mail,60,A+5m;A+5m+1h\n")
    after = folder.load().changes["C1"].after
    assert [(one.change, one.lag_minutes) for one in after] == [("A+5m", 0), ("A+5m", 60)]


def test_ids_given_twice(folder: Any) -> None:
    folder.write("teams.csv", "team,cost_per_user_hour\nBlue,10\nGreen,10\nBlue,20\n")
    folder.write("services.csv", "service\nmail\nm1\nm2\npool\nmail\n")
    folder.write("redundancy.csv", "group,service\npool,m1\npool,m2\npool,m1\n")
    folder.write("changes.csv", "change,services,duration_minutes\nC1,mail,60\nC1,mail,90\n")
    folder.write("engineers.csv", "engineer,skills\nana,dba\nana,network\n")
    folder.write("calendars.csv", "calendar,kind,hours\nn,blackout,Mon 01:00-02:00\nn,allowed,Tue 01:00-02:00\n")
    mend = "give one of them another id, or delete it"
    assert folder.problems() == [
        f"teams.csv, row 4, team: 'Blue' is in row 2 too; {mend}",
        f"services.csv, row 6, service: 'mail' is in row 2 too; {mend}",
        "redundancy.csv, row 2, group: 'pool' is a service too (services.csv, row 5); give the group an id of its own",
        "redundancy.csv, row 4, service: 'pool' with 'm1' is in row 2 too; delete one of the two rows",
        f"changes.csv, row 3, change: 'C1' is in row 2 too; {mend}",
        f"engineers.csv, row 3, engineer: 'ana' is in row 2 too; {mend}",
        f"calendars.csv, row 3, calendar: 'n' is in row 2 too; {mend}",
    ]


def test_a_change_that_is_done_may_be_planned_again(folder: Any) -> None:
    folder.write("history.csv", "change\nC1\n")
    warning = "changes.csv, row 2, change: 'C1' is done already (history.csv, row 2); it is planned again all the same"
    assert warning in folder.warnings()


def test_dependencies_given_twice(folder: Any) -> None:
    folder.write("services.csv", "service\nmail\ndb\n")
    folder.write("dependencies.csv", "service,depends_on,effect\nmail,db,\nmail,db,OUTAGE\n")
    assert folder.warnings() == [
        "dependencies.csv, row 3, depends_on: 'mail' with 'db' is in row 2 too, this row is ignored"
    ]
    assert len(folder.load().dependencies) == 1
    folder.write("dependencies.csv", "service,depends_on,effect\nmail,db,\nmail,db,DEGRADED\n")
    assert folder.problems() == [
        "dependencies.csv, row 3, effect: 'mail' with 'db' is in row 2 too, with effect OUTAGE; "
        "delete one of the two rows"
    ]


def test_circles_are_named_in_full(folder: Any) -> None:
    # web needs pool, pool has m1, m1 needs web; and apart from it a ↔ b; and c needs itself.
    folder.write("services.csv", "service\nmail\nweb\nm1\nm2\na\nb\nc\n")
    folder.write("redundancy.csv", "group,service\npool,m1\npool,m2\n")
    folder.write("dependencies.csv", "service,depends_on\nweb,pool\nm1,web\na,b\nb,a\nc,c\nmail,web\n")
    text = "need each other in a circle; delete one of these links"
    found = folder.problems()
    assert len(found) == 3
    assert f"dependencies.csv, row 6, depends_on: 'c' → 'c' {text}" in found
    assert {one.split(": ")[1] for one in found} <= {
        f"{circle} {text}"
        for circle in (
            "'c' → 'c'",
            "'a' → 'b' → 'a'",
            "'b' → 'a' → 'b'",
            "'web' → 'pool' → 'm1' → 'web'",
            "'pool' → 'm1' → 'web' → 'pool'",
            "'m1' → 'web' → 'pool' → 'm1'",
        )
    }


def test_changes_that_wait_for_each_other(folder: Any) -> None:
    folder.write(
        "changes.csv",
        "change,services,duration_minutes,after\nA,mail,60,B\nB,mail,60,C+30m\nC,mail,60,A;D\nD,mail,60,\n",
    )
    (problem,) = folder.problems()
    place, circle = problem.split(": ")
    assert place in {f"changes.csv, row {row}, after" for row in (2, 3, 4)}
    ring = circle.removesuffix(" wait for each other in a circle; delete one of these links").split(" → ")
    assert ring[0] == ring[-1]
    assert set(pairwise(ring)) == {("'A'", "'B'"), ("'B'", "'C'"), ("'C'", "'A'")}


def test_calendars_of_another_kind(folder: Any) -> None:
    folder.write(
        "calendars.csv",
        "calendar,kind,hours\nfreeze,blackout,Mon 01:00-02:00\nshift,working,Tue 01:00-02:00\nnight,allowed,\n",
    )
    folder.write("changes.csv", "change,services,duration_minutes,allowed\nC1,mail,60,night;freeze;shift\n")
    folder.write("engineers.csv", "engineer,skills,works\nana,dba,shift\nben,dba,night\ncy,dba,Mon-Fri 08:00-18:00\n")
    assert folder.problems() == [
        "changes.csv, row 2, allowed: 'freeze' is a calendar of kind blackout; name one of kind allowed",
        "changes.csv, row 2, allowed: 'shift' is a calendar of kind working; name one of kind allowed",
        "engineers.csv, row 3, works: 'night' is a calendar of kind allowed; "
        "name one of kind working, or give weekly hours",
    ]
