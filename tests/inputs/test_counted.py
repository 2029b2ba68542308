"""Usage that other systems counted: range queries and SQL."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.inputs import InputError, load
from scheduler.inputs.counted import prometheus, sql_query
from scheduler.inputs.logs import Pairs

START = datetime(2027, 3, 1, 7, tzinfo=UTC)
PAIRS = Pairs("sales", "app's")


def imported(folder, kind, source, *options):
    run = ["import-usage", kind, str(source), "--out", str(folder.path), "--replace", *options]
    told = CliRunner().invoke(app, run)
    assert told.exit_code == 0, told.stderr
    return load(folder.path).usage, told.stderr


def test_prometheus(tmp_path):
    at = int(START.timestamp())
    values = [[at, "4"], [at + 900, "6"], [at + 1800, "NaN"], [at + 3600, "7"]]
    series = [{"metric": {"team": "t", "service": "s"}, "values": values}]
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}))
    found = prometheus(path, Pairs())
    assert [(one.start, one.users) for one in found.usage.itertuples()] == [
        (START, 5.0),
        (START + timedelta(hours=1), 7),
    ]
    assert found.unread == 1
    assert set(prometheus(path, Pairs("x", "y")).usage["team"]) == {"x"}


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"data": {"resultType": "vector", "result": []}}'])
def test_what_is_no_range_query_is_refused(tmp_path, text):
    (tmp_path / "answer.json").write_text(text)
    with pytest.raises(InputError, match="range query"):
        prometheus(tmp_path / "answer.json", Pairs())


def test_sql(tmp_path):
    url = f"sqlite:///{tmp_path / 'u.db'}"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as base:
        base.execute(sqlalchemy.text("CREATE TABLE u (team TEXT, service TEXT, start TEXT, n REAL)"))
        base.execute(sqlalchemy.text("INSERT INTO u VALUES ('t', 's', '2027-03-01T07:00:00Z', 3.5)"))
    engine.dispose()
    (one,) = sql_query(url, "SELECT team, service, start, n AS users FROM u").usage.itertuples()
    assert (one.team, one.start, one.minutes, one.users) == ("t", START, 60, 3.5)
    with pytest.raises(InputError, match="no column users"):
        sql_query(url, "SELECT team, service, start FROM u")
    with pytest.raises(InputError, match="cannot be answered"):
        sql_query(url, "SELECT * FROM nowhere")


def test_the_command_reads_a_range_query(folder, tmp_path):
    at = int(START.timestamp())
    values = [[at, "4"], [at + 60, "+Inf"], [at + 120, "-1"], [1e300, "2"], ["x", "2"], [at], 7]
    series = [{"metric": {"team": "Blue", "service": "mail"}, "values": values}]
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"data": {"resultType": "matrix", "result": series}}))
    usage, told = imported(folder, "prometheus", path)
    assert usage["users"].tolist() == [4.0]
    assert "6 lines or values" in told
    path.write_text(json.dumps({"data": {"resultType": "matrix", "result": []}}))
    with pytest.raises(InputError, match="no value that can be read"):
        prometheus(path, Pairs())
    path.write_text(json.dumps({"data": {"resultType": "matrix", "result": [1]}}))
    with pytest.raises(InputError, match="no answer to a range query"):
        prometheus(path, Pairs())


def test_the_command_asks_a_database(folder, tmp_path):
    url = f"sqlite:///{tmp_path / 'u.db'}"
    engine = sqlalchemy.create_engine(url)
    rows = [
        ("2027-03-01T07:00:00Z", 3.5, 30),
        ("soon", 1, 60),
        ("2027-03-01T09:00:00Z", -1, 60),
        ("2027-03-01T09:00:00Z", None, 60),
        ("2027-03-01T09:00:00Z", 1, 0),
    ]
    with engine.begin() as base:
        base.execute(sqlalchemy.text("CREATE TABLE u (at TEXT, n REAL, m REAL)"))
        for at, users, minutes in rows:
            base.execute(sqlalchemy.text("INSERT INTO u VALUES (:a, :n, :m)"), {"a": at, "n": users, "m": minutes})
    engine.dispose()
    query = "SELECT 'Blue' AS team, 'mail' AS service, at AS start, n AS users, m AS minutes FROM u"
    usage, told = imported(folder, "sql", url, "--query", query)
    assert usage["users"].tolist() == [3.5]
    assert usage["minutes"].tolist() == [30]
    assert "4 lines or values" in told
    with pytest.raises(InputError, match="no row of the answer"):
        sql_query(url, query + " WHERE n = -1")
    assert CliRunner().invoke(app, ["import-usage", "sql", url, "--out", str(tmp_path / "x.csv")]).exit_code == 2
    refused = CliRunner().invoke(app, ["import-usage", "sql", "postgres//ann:secret@db", "--query", "q", "--out", "x"])
    assert refused.exit_code == 1
    assert "secret" not in refused.stderr
