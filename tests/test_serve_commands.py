"""What `serve` and `demo --open` do before pages open: which store they take, and what they refuse."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scheduler import serve_commands
from scheduler.cli import app
from scheduler.desk.position import position
from scheduler.desk.store import Store


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Path | None, str | None]]:
    """Note what would be served (folder, store) in place of serving it, with a home of its own."""
    found: list[tuple[Path | None, str | None]] = []

    def note(out: Path | None, portfolio: Path | None, port: int, *, store: str | None = None, **_: object) -> None:
        found.append((out, store))

    monkeypatch.setattr(serve_commands, "serve", note)
    monkeypatch.setattr(serve_commands.typer, "get_app_dir", lambda name: str(tmp_path / "home"))
    monkeypatch.delenv("SCHEDULER_STORE", raising=False)
    return found


def test_without_a_folder_the_own_desk_is_served_and_made(served: list[object], tmp_path: Path) -> None:
    assert run("serve").exit_code == 0
    place = str(tmp_path / "home" / "desk.db")
    assert served == [(None, place)]
    Store(place).close()
    named = tmp_path / "other.db"
    assert run("serve", "--store", named).exit_code == 0
    assert served[-1] == (None, str(named))
    Store(named).close()


def test_a_folder_is_served_as_it_is(served: list[object], tmp_path: Path) -> None:
    assert run("serve", tmp_path).exit_code == 0
    assert served == [(tmp_path, None)]


def test_what_cannot_be_served_is_refused(served: list[object], tmp_path: Path) -> None:
    assert run("serve", tmp_path / "none").exit_code == 1
    assert run("serve", "--portfolio", tmp_path).exit_code == 2
    refused = run("serve", "--store", "mysql://x/y")
    assert refused.exit_code == 1
    assert "a store is a SQLite file, or a PostgreSQL database" in refused.stderr
    assert served == []


def test_the_demo_plans_at_a_desk_and_keeps_what_was_decided_there(served: list[object], tmp_path: Path) -> None:
    told = run("demo", "--open", "--time-limit", 1)
    assert told.exit_code == 0, told.output
    place = tmp_path / "home" / "demo.db"
    assert served == [(None, str(place))]
    assert "proposed" in told.stdout
    with Store(place) as store, store.reading() as connection:
        at = position(connection)
    assert len(at.changes) == 60
    assert at.windows
    again = run("demo", "--open")
    assert again.exit_code == 0
    with Store(place) as store, store.reading() as connection:
        assert {one: row["revision"] for one, row in position(connection).changes.items()} == {
            one: row["revision"] for one, row in at.changes.items()
        }
