"""Sign-ins in parts, counted on a real Dask cluster on loopback, against the same counted on one machine."""

import random
from pathlib import Path

import pandas as pd
import pytest
from clusters import dask_cluster
from typer.testing import CliRunner

from scheduler.batch.sign_ins import sign_ins_on
from scheduler.cli import app
from scheduler.inputs.errors import InputError
from scheduler.inputs.logs import Pairs, sign_in_log

START = pd.Timestamp("2027-03-01T07:30Z")


def parts(folder: Path, number: int) -> Path:
    """Write a log whose users come again across parts, some twice at one instant, and not in order of time."""
    rng = random.Random(7)
    folder.mkdir()
    for part in range(number):
        rows = 400
        # A day of silence lies between the two halves of the parts.
        after = [part // (number // 2) * 48 * 3600 + rng.randrange(24 * 3600) for _ in range(rows)]
        time = [START + pd.Timedelta(seconds=one) for one in after]
        who = [f"u{rng.randrange(30)}" for _ in range(rows)]
        frame = pd.DataFrame(
            {
                "time": [one.isoformat() for one in time],
                "user": who,
                "team": [rng.choice("ab") for _ in range(rows)],
                "service": [rng.choice(["mail", "erp"]) for _ in range(rows)],
            }
        )
        frame.loc[0, "time"] = "never"
        frame.loc[1, "user"] = None
        pd.concat([frame, frame[-3:]]).to_parquet(folder / f"part-{part}.parquet", index=False)
    return folder


def test_a_cluster_counts_what_one_machine_counts(tmp_path: Path) -> None:
    log = parts(tmp_path / "log", 6)
    here = sign_in_log(log, Pairs(), session_minutes=75)
    (tmp_path / "bad").mkdir()
    pd.DataFrame({"time": ["2027-03-01"]}).to_parquet(tmp_path / "bad" / "one.parquet")
    (tmp_path / "nothing").mkdir()
    with dask_cluster(tmp_path, 2) as cluster:
        there = sign_ins_on(cluster.address, log, Pairs(), session_minutes=75)
        told = CliRunner().invoke(
            app,
            ["import-usage", "sign-ins", str(log), "--cluster", cluster.address, "--out", str(tmp_path / "usage.csv")],
        )
        with pytest.raises(InputError, match="has no column user"):
            sign_ins_on(cluster.address, tmp_path / "bad", Pairs("a", "mail"))
        with pytest.raises(InputError, match="holds no Parquet file"):
            sign_ins_on(cluster.address, tmp_path / "nothing", Pairs())
    assert here.unread == there.unread == 12
    pd.testing.assert_frame_equal(there.usage, here.usage, check_dtype=False)
    assert (here.usage["users"] == 0).any()
    assert told.exit_code == 0, told.output
    assert "12 lines or values could not be read" in told.output


def test_without_a_cluster_there_is_a_reason(tmp_path: Path) -> None:
    log = parts(tmp_path / "log", 2)
    command = ["import-usage", "sign-ins", str(log), "--out", str(tmp_path / "usage.csv"), "--cluster"]
    told = CliRunner().invoke(app, [*command, "no address"])
    assert told.exit_code == 1
    assert "no Dask scheduler answers there" in told.output
    (tmp_path / "s.csv").write_text("time,user\n")
    assert CliRunner().invoke(app, [*command[:2], str(tmp_path / "s.csv"), *command[3:], "tcp://x"]).exit_code == 2
