from typing import Any

import pytest

WORLD = {
    "services.csv": "service\nmail\nweb\nm1\nm2\nunused\n",
    "redundancy.csv": "group,service\npool,m1\npool,m2\n",
    "dependencies.csv": "service,depends_on\nweb,pool\n",
}


def world(folder: Any, teams: str, changes: str) -> Any:
    for name, text in WORLD.items():
        folder.write(name, text)
    folder.write("teams.csv", f"team,cost_per_user_hour,uses,headcount,contact,email\n{teams}")
    return folder.write("changes.csv", f"change,services,duration_minutes,impact,skills\n{changes}")


def others(folder: Any) -> list[str]:
    """Give the warnings but those of services that no change works on."""
    return [text for text in folder.warnings() if not text.startswith("services.csv")]


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ("C1,web,60,,\n", "'C1'"),
        # Through the group: m1 is a member of pool, and web needs pool.
        ("C1,m1,60,DEGRADED,\nC2,mail,60,,\n", "'C1'"),
        ("C1,web,60,,\nC2,web,60,,\nC3,web,60,,\nC4,web,60,,\n", "'C1', 'C2', 'C3' and 1 more"),
    ],
)
def test_affected_teams_that_cannot_be_told(folder: Any, changes: str, ids: str) -> None:
    teams = "Blue,1,web,5,,\nRed,1,web;mail,5,,red@example.com\nGreen,1,web;mail,5,Gus,\n"
    text = f"'Blue' has neither contact nor email, and may be affected by {ids}; nobody can be told"
    assert others(world(folder, teams, changes)) == [f"teams.csv, row 2, contact: {text}"]


@pytest.mark.parametrize("changes", ["C1,mail,60,,\n", "C1,web,60,NO-IMPACT,\n", "C1,m1,60,REDUCED-REDUNDANCY,\n"])
def test_teams_that_nothing_affects_need_no_contact(folder: Any, changes: str) -> None:
    assert others(world(folder, "Blue,1,web,5,,\nRed,1,mail,5,Ron,\n", changes)) == []


def test_teams_that_only_usage_names_are_affected_too(folder: Any) -> None:
    folder.write("usage.csv", "team,service,start,users\nBlue,mail,2027-02-20,\n")
    text = "'Blue' has neither contact nor email, and may be affected by 'C1'; nobody can be told"
    assert others(world(folder, "Blue,1,,,,\n", "C1,mail,60,,\n")) == [f"teams.csv, row 2, contact: {text}"]


def test_many_teams_are_summed_up(folder: Any) -> None:
    teams = "".join(f"T{number},1,mail,5,,\n" for number in range(13))
    warnings = others(world(folder, teams, "C1,mail,60,,\n"))
    assert len(warnings) == 11
    assert warnings[-1] == "teams.csv, row 12, contact: neither contact nor email here either (and in 2 more rows)"


def test_services_that_nobody_uses(folder: Any) -> None:
    changes = "C1,unused;mail,60,,\nC2,unused,60,,\nC3,m2,60,,\n"
    text = "nobody is said to use 'unused' or anything that needs it, so its outage costs nothing (and in 1 more row)"
    assert others(world(folder, "Blue,1,web;mail,5,Bea,\n", changes)) == [f"changes.csv, row 2, services: {text}"]


def test_services_that_no_change_works_on_are_named_too(folder: Any) -> None:
    # web needs the group of m1 and m2, so both are used through it.
    text = "nobody is said to use {} or anything that needs it"
    assert world(folder, "Blue,1,web,5,Bea,\n", "C1,web,60,,\n").warnings() == [
        f"services.csv, row 2, service: {text.format(repr('mail'))}",
        f"services.csv, row 6, service: {text.format(repr('unused'))}",
    ]
    many = "".join(f"s{number}\n" for number in range(12))
    folder.write("services.csv", f"{WORLD['services.csv']}{many}")
    assert folder.warnings()[-1] == (
        "services.csv, row 15, service: nobody is said to use this service or anything that needs it either "
        "(and in 3 more rows)"
    )


def test_usage_that_is_assumed(folder: Any) -> None:
    folder.write("usage.csv", "team,service,start,users\nBlue,mail,2027-02-20,3\nBlue,web,2027-02-20,\n")
    teams = "Blue,1,mail;web,,Bea,\nRed,1,mail,,Ron,\nGreen,1,mail,4,Gus,\n"
    # A row without a value records nothing.
    assert others(world(folder, teams, "C1,mail,60,,\n")) == [
        "teams.csv, row 2, uses: no usage of 'web' is recorded for 'Blue', and no headcount; it is assumed",
        "teams.csv, row 3, uses: no usage of 'mail' is recorded for 'Red', and no headcount; it is assumed",
    ]


def test_skills_without_engineers(folder: Any) -> None:
    world(folder, "Blue,1,mail,5,Bea,\n", "C1,mail,60,,\nC2,mail,60,,dba\nC3,mail,60,,dba\n")
    text = "there is no engineers.csv, so nobody checks that people are free (and in 1 more row)"
    assert others(folder) == [f"changes.csv, row 3, skills: {text}"]
    assert others(folder.write("engineers.csv", "engineer,skills\nana,dba\n")) == []
