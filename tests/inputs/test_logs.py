"""Usage from logs, against a plain reference that counts second by second."""

import gzip
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import InputError, load
from scheduler.inputs.logs import Pairs, access_log, sign_in_log, stream

START = datetime(2027, 3, 1, 7, tzinfo=UTC)
PAIRS = Pairs("sales", "app's")


def reference(requests, minutes=15):
    """Mean users per hour of (team, service): each second that somebody is present counts once."""
    present = defaultdict(set)
    hours = defaultdict(set)
    for team, service, who, at in requests:
        hours[team, service].add(at // 3600)
        for second in range(at, at + minutes * 60):
            present[team, service, second // 3600].add((who, second))
    found = {}
    for (team, service), seen in hours.items():
        last = max([hour for t, s, hour in present if (t, s) == (team, service)])
        for hour in range(min(seen), last + 1):
            found[team, service, hour] = len(present[team, service, hour]) / 3600
    return found


def counted(usage):
    return {
        (one.team, one.service, int(one.start.timestamp()) // 3600): one.users for one in usage.itertuples(index=False)
    }


def drawn(seed, count=400):
    draw = np.random.default_rng(seed)
    at = int(START.timestamp()) + draw.integers(0, 6 * 3600, count)
    who = [f"u{one}" for one in draw.integers(0, 12, count)]
    return list(zip(who, at.tolist(), strict=True))


def stamp(at, hours=0):
    zone = datetime.fromtimestamp(at, UTC) + timedelta(hours=hours)
    return f"{zone:%d/%b/%Y:%H:%M:%S} {'+' if hours >= 0 else '-'}{abs(hours):02}00"


@pytest.mark.parametrize("minutes", [15, 90])
def test_an_access_log_agrees_with_the_reference(tmp_path, minutes):
    requests = drawn(1)
    lines = [
        f'10.0.0.1 - {who} [{stamp(at, n % 5 - 2)}] "GET /a?q=\\"x\\", y HTTP/1.1" 200 12 "-" "Agent, \\"quoted\\" é"'
        for n, (who, at) in enumerate(requests)
    ]
    path = tmp_path / "access.log"
    path.write_text("\n".join([*lines, "not a line", "", '1.1.1.1 - - [99/Foo/2027:00:00:00 +0000] "GET /"']) + "\n")
    found = access_log(path, PAIRS, session_minutes=minutes)
    expected = reference([("sales", "app's", who, at) for who, at in requests], minutes)
    assert counted(found.usage) == expected
    assert found.unread == 2
    with gzip.open(tmp_path / "access.log.gz", "wb") as zipped:
        zipped.write(path.read_bytes())
    assert counted(access_log(tmp_path / "access.log.gz", PAIRS, session_minutes=minutes).usage) == expected


def test_without_a_user_a_host_is_one(tmp_path):
    # Two hosts without a name, each 15 of 60 minutes from 07:00 on.
    lines = [f'10.0.0.{n} - - [{stamp(int(START.timestamp()))}] "GET / HTTP/1.1" 200 1' for n in (1, 2, 2)]
    (tmp_path / "a.log").write_text("\n".join(lines))
    (one,) = access_log(tmp_path / "a.log", PAIRS).usage.itertuples()
    assert (one.start, one.users) == (START, 0.5)


def test_sign_ins_agree_with_the_reference(tmp_path):
    requests = [("a" if n % 3 else "b", "mail" if n % 2 else "erp", *one) for n, one in enumerate(drawn(2))]
    lines = [f"{datetime.fromtimestamp(at, UTC).isoformat()},{who},{team},{service}"
             for team, service, who, at in requests]  # fmt: skip
    (tmp_path / "s.csv").write_text("time,user,team,service\n" + "\n".join([*lines, "never,u1,a,mail"]) + "\n")
    found = sign_in_log(tmp_path / "s.csv", Pairs())
    assert counted(found.usage) == reference(requests)
    assert found.unread == 1


def test_a_time_without_a_zone_is_utc(tmp_path):
    (tmp_path / "s.csv").write_text("time,user\n2027-03-01 07:30:00,ann\n2027-03-01T09:30:00+02:00,bob\n")
    (one,) = sign_in_log(tmp_path / "s.csv", PAIRS).usage.itertuples()
    assert (one.start, one.users) == (START, 0.5)


def test_batches_agree_with_the_reference():
    requests = [("t", "s", *one) for one in drawn(3, 1000)]
    names = ("team", "service", "who", "at")
    batches = (
        pa.record_batch(dict(zip(names, zip(*requests[n : n + 100], strict=True), strict=True)))
        for n in range(0, 1000, 100)
    )
    assert counted(stream(batches)) == reference(requests)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "a.log").write_text("nothing\nof use\n")
    with pytest.raises(InputError, match="no line can be read"):
        access_log(tmp_path / "a.log", PAIRS)
    with pytest.raises(InputError, match="cannot be read"):
        access_log(tmp_path / "gone.log", PAIRS)
    (tmp_path / "s.csv").write_text("when,user\n1,2\n")
    with pytest.raises(InputError, match="no column time"):
        sign_in_log(tmp_path / "s.csv", PAIRS)


def test_the_command_writes_what_a_portfolio_reads(folder, tmp_path):
    (tmp_path / "a.log").write_text(f'h - ann [{stamp(int(START.timestamp()))}] "GET / HTTP/1.1" 200 1\n')
    run = ["import-usage", "access-log", str(tmp_path / "a.log"), "--team", "Blue", "--service", "mail"]
    assert CliRunner().invoke(app, [*run[:3], "--out", str(folder.path)]).exit_code == 2
    told = CliRunner().invoke(app, [*run, "--out", str(folder.path), "--replace"])
    assert told.exit_code == 0, told.stderr
    assert "1 rows of usage written" in told.stdout
    usage = load(folder.path).usage
    assert usage["users"].tolist() == [0.25]


def imported(folder, kind, source, *options):
    run = ["import-usage", kind, str(source), "--out", str(folder.path), "--replace", *options]
    told = CliRunner().invoke(app, run)
    assert told.exit_code == 0, told.stderr
    return load(folder.path).usage, told.stderr


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_the_command_reads_sign_ins(folder, tmp_path, name):
    rows = pd.DataFrame({"time": ["2027-03-01T07:00:00Z", "soon"], "user": ["ann", "bob"], "team": "Blue"})
    if name == "s.csv":
        rows.to_csv(tmp_path / name, index=False)
    else:
        rows.to_parquet(tmp_path / name)
    usage, told = imported(folder, "sign-ins", tmp_path / name, "--service", "mail", "--session-minutes", "30")
    assert usage["users"].tolist() == [0.5]
    assert "1 lines or values could not be read" in told
