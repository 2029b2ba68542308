import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from scheduler.inputs import load
from scheduler.inputs.fingerprint import content_hash

USAGE = ["Blue,mail,2027-02-20 10:00,1", "Blue,mail,2027-02-20 11:00,", "Red,mail,2027-02-20 10:00,2"]


@pytest.fixture
def full(folder: Any) -> Any:
    """Give a portfolio with something of everything that has an order."""
    folder.policy("[service_levels.gold]\nweight = 2\n[service_levels.basic]\nweight = 1\n")
    folder.write("teams.csv", "team,cost_per_user_hour,contact\nBlue,1,B\nRed,1,R\n")
    folder.write("services.csv", "service\nmail\nm1\nm2\n")
    folder.write("redundancy.csv", "group,service\npool,m1\npool,m2\n")
    folder.write("dependencies.csv", "service,depends_on\nmail,pool\nm1,m2\n")
    folder.write("engineers.csv", "engineer,skills\nana,dba;network\nben,dba\n")
    folder.write("changes.csv", "change,services,duration_minutes\nC1,mail,60\nC2,m1,60\n")
    folder.write("decisions.csv", "change,kind,start\nC1,reject,2027-03-02 02:00\nC1,pin,2027-03-02 02:00\n")
    return folder.write("usage.csv", "\n".join(["team,service,start,users", *USAGE, ""]))


def test_rows_may_come_in_any_order(full: Any) -> None:
    before = full.load().content_hash
    full.write("teams.csv", "contact,team,cost_per_user_hour\nR,Red,1\nB,Blue,1.00\n")
    full.write("services.csv", "service\nm2\nm1\nmail\n")
    full.write("dependencies.csv", "service,depends_on\nm1,m2\nmail,pool\n")
    full.write("engineers.csv", "engineer,skills\nben,dba\nana,network;dba\n")
    full.write("usage.csv", "\n".join(["team,service,start,users", *reversed(USAGE), ""]))
    assert full.load().content_hash == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("changes.csv", "change,services,duration_minutes\nC2,m1,60\nC1,mail,60\n"),
        ("changes.csv", "change,services,duration_minutes\nC1,mail,60\nC2,m1,61\n"),
        ("decisions.csv", "change,kind,start\nC1,pin,2027-03-02 02:00\nC1,reject,2027-03-02 02:00\n"),
        ("engineers.csv", "engineer,skills\nana,dba\nben,dba\n"),
        ("dependencies.csv", "service,depends_on\nmail,pool\n"),
        ("usage.csv", "\n".join(["team,service,start,users", *USAGE[:2], "Red,mail,2027-02-20 10:00,2.5", ""])),
        ("usage.csv", "\n".join(["team,service,start,users", *USAGE[:2], ""])),
    ],
)
def test_content_counts(full: Any, file: str, text: str) -> None:
    before = full.load().content_hash
    assert full.write(file, text).load().content_hash != before


def test_now_and_known_users_count_and_warnings_do_not(full: Any) -> None:
    portfolio = full.load()
    other = load(full.path, now=portfolio.now + timedelta(seconds=1))
    assert other.content_hash != portfolio.content_hash
    assert content_hash(replace(portfolio, warnings=("x",))) == portfolio.content_hash
    users = {("Blue", "mail"): np.arange(4)}
    known = content_hash(replace(portfolio, known_users=users))
    assert known != portfolio.content_hash
    assert known == content_hash(replace(portfolio, known_users={("Blue", "mail"): np.arange(4, dtype=np.int32)}))


def test_the_hash_is_the_same_in_another_process(full: Any) -> None:
    # Sets of text have another order in every process.
    code = f"from scheduler.inputs import load; import sys; sys.stdout.write(load({str(full.path)!r}).content_hash)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == full.load().content_hash
    assert len(found.stdout) == 64
