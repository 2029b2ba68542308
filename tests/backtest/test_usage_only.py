"""`scheduler backtest --usage-only` as people and programs see it."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from scheduler.cli import app


@pytest.fixture
def folder(tmp_path):
    """Two series of sixteen weeks whose Tuesday 10:00 is empty, and one that is too short."""
    hours = pd.date_range("2024-01-01", periods=168 * 16, freq="h", unit="us")
    users = np.where((hours.day_of_week == 1) & (hours.hour == 10), 0.0, 2.0)
    frames = [pd.DataFrame({"dataset": "d", "series_id": name, "ts": hours, "value": users}) for name in ("a", "b")]
    frames.append(frames[0].head(400).assign(series_id="short"))
    pd.concat(frames).to_parquet(tmp_path / "usage_hourly.parquet")
    (tmp_path / "series.csv").write_text("dataset,series_id,holiday_calendar\nd,a,\nd,b,US\nd,short,\n")
    return tmp_path


def test_json_has_every_regime_and_nothing_else_is_printed(folder):
    told = CliRunner().invoke(app, ["backtest", "--usage-only", str(folder), "--json"])
    assert told.exit_code == 0
    document = json.loads(told.stdout)
    staffed = document["regimes"]["staffed"]
    assert staffed["share"] == pytest.approx(1.0)
    assert {"share", "use", "habit_use", "oracle_use"} <= staffed.keys()
    assert document["cpu_seconds_per_1000"] > 0
    assert (document["series"], document["series_replayed"], document["origins"]) == (3, 2, 8)


def test_in_words(folder):
    told = CliRunner().invoke(app, ["backtest", "--usage-only", str(folder), "--every", "2"])
    assert told.exit_code == 0
    assert "2 of 3 series replayed at 4 Mondays" in told.stdout
    assert "in staffed hours" in told.stdout


def test_a_folder_without_recordings_is_refused(tmp_path):
    told = CliRunner().invoke(app, ["backtest", "--usage-only", str(tmp_path)])
    assert told.exit_code == 1
    assert "usage_hourly.parquet" in told.stderr
