"""Commands of the change desk: what the pages do, from a terminal or a script."""

import getpass
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from scheduler.console import ProgressLine
from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.audit import log_csv, log_rows
from scheduler.desk.entries import entries
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import position
from scheduler.desk.runs import AT_WORK, Run, run, runs
from scheduler.desk.store import Store, StoreError
from scheduler.desk.writing import Done, sentence
from scheduler.horizon import Window, wall_to_utc
from scheduler.inputs import load
from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.tables import utc_text
from scheduler.running import BROKEN, STOPPED, StorePlace, orderly, print_json, refuse, stopping
from scheduler.solver.incumbent import Progress
from scheduler.wording import window_text

POLL_SECONDS = 0.5

Place = StorePlace
By = Annotated[str, typer.Option(metavar="USER", default_factory=getpass.getuser, help="Who decides.")]
Change = Annotated[str, typer.Argument(metavar="CHANGE", help="A change.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
Revision = Annotated[
    int | None, typer.Option(metavar="N", help="Revision that was looked at (`changes` shows it); else the one now.")
]
Key = Annotated[str | None, typer.Option(metavar="TEXT", help="Name of this request: asked twice, it is done once.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for name, action, text in _WITH_REASON:
        app.command(name, help=text)(_reasoned(action))
    for name, act, text in _WITHOUT_REASON:
        app.command(name, help=text)(_plain(act))
    for name, command in _OTHERS.items():
        app.command(name)(command)


@contextmanager
def opened(place: str, *, create: bool = False) -> Iterator[Store]:
    """Open a store; what it refuses ends the program with the reason."""
    with orderly():
        try:
            with Store(place, create=create) as store:
                yield store
        except (StoreError, RefusedError) as error:
            refuse([str(error)])


def import_folder(folder: str, place: str, *, by: str, dry_run: bool, now: str | None) -> None:
    """Bring a portfolio to the desk, and print what it changes."""
    portfolio = load(folder, now=now)
    with opened(place, create=True) as store:
        found = workflow.preview(store, portfolio)
        print(found.text)
        for warning in portfolio.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if not dry_run:
            workflow.import_portfolio(store, portfolio, by=by, seen=found.seen)


def say(done: Done) -> None:
    """Print what was written."""
    if done.again:
        print("done before; nothing was written", file=sys.stderr)
    for entry in done.entries:
        print(f"{entry.seq}: {sentence(entry)}")
    if not done.entries:
        print("nothing was to be done")


def seen_of(store: Store, change: str, revision: int | None) -> int:
    """Give the revision of a change that was looked at: the one there is now unless one is named."""
    if revision is not None:
        return revision
    with store.reading() as connection:
        return workflow.revision_of(connection, change)


def instant_at(store: Store, text: str, zone: str | None = None) -> datetime:
    """Read an instant; a time without an offset is on the wall clock of a zone, else the policy's."""
    try:
        found: datetime = parse_time(text)
    except CellError as error:
        raise typer.BadParameter(f"{text}: {error}") from error
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    with store.reading() as connection:
        return wall_to_utc(found, zone or portfolio_of(connection).policy.time_zone)


# --- decisions -------------------------------------------------------------------------------------------------------


def _reasoned(action: Callable[..., Done]) -> Callable[..., None]:
    def command(
        change: Change, store: Place, reason: Reason, by: By, revision: Revision = None, key: Key = None
    ) -> None:
        with opened(store) as desk:
            say(action(desk, change, by=by, seen=seen_of(desk, change, revision), reason=reason, key=key))

    return command


def _plain(action: Callable[..., Done]) -> Callable[..., None]:
    def command(change: Change, store: Place, by: By, revision: Revision = None, key: Key = None) -> None:
        with opened(store) as desk:
            say(action(desk, change, by=by, seen=seen_of(desk, change, revision), key=key))

    return command


def approve_command(
    change: Change,
    store: Place,
    by: By,
    instead_of: Annotated[str | None, typer.Option(metavar="USER", help="Who is away and let you approve.")] = None,
    reason: Reason = "",
    revision: Revision = None,
    key: Key = None,
) -> None:
    """Approve the proposed window of a change; the last who must makes it announced."""
    with opened(store) as desk:
        seen = seen_of(desk, change, revision)
        say(workflow.approve(desk, change, by=by, seen=seen, instead_of=instead_of, reason=reason, key=key))


def move_command(
    change: Change,
    start: Annotated[str, typer.Argument(metavar="START", help="The new start (ISO 8601).")],
    store: Place,
    by: By,
    price: Annotated[bool, typer.Option("--price", help="Only say what it costs and which rules it breaks.")] = False,
    override: Annotated[
        str | None, typer.Option(metavar="REASON", help="Why hard rules are set aside; for administrators.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="T", help="When that expires.")] = None,
    reason: Reason = "",
    revision: Revision = None,
    key: Key = None,
) -> None:
    """Propose a window chosen by hand: priced, checked, and pinned."""
    if (override is None) != (until is None):
        raise typer.BadParameter("say both why and until when", param_hint="--override")
    with opened(store) as desk:
        at = instant_at(desk, start)
        judged = workflow.price(desk, change, at, now=datetime.now(UTC))
        with desk.reading() as connection:
            policy = portfolio_of(connection).policy
        print(judged.text(policy.currency, policy.time_zone))
        if price:
            return
        given = (
            None if override is None else workflow.SetAside(reason=override, expires_at=instant_at(desk, until or ""))
        )
        seen = seen_of(desk, change, revision)
        say(workflow.move(desk, change, at, by=by, seen=seen, reason=reason, override=given, key=key))


def extend_command(
    change: Change,
    minutes: Annotated[int, typer.Argument(metavar="MINUTES", min=1, help="How much more time.")],
    store: Place,
    reason: Reason,
    by: By,
    revision: Revision = None,
    key: Key = None,
) -> None:
    """Give running work more time."""
    with opened(store) as desk:
        seen = seen_of(desk, change, revision)
        say(workflow.extend(desk, change, minutes, by=by, seen=seen, reason=reason, key=key))


def review_command(
    change: Change,
    store: Place,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What was learnt.")],
    by: By,
    revision: Revision = None,
    key: Key = None,
) -> None:
    """Close a change with what was learnt."""
    with opened(store) as desk:
        say(workflow.review(desk, change, by=by, seen=seen_of(desk, change, revision), note=note, key=key))


# --- runs ------------------------------------------------------------------------------------------------------------


def propose_command(
    store: Place,
    by: By,
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds to plan for.")] = 30.0,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Cores to use.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of everything random.")] = 0,
    kind: Annotated[
        Literal["plan", "replan", "at risk"],
        typer.Option(help="plan all, replan with least disturbance, or only windows that cannot stay."),
    ] = "plan",
    of_run: Annotated[int | None, typer.Option("--run", metavar="N", help="Propose what a run found before.")] = None,
    resume: Annotated[int | None, typer.Option(metavar="N", help="Take up a run that ended.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="CHANGE", help="Only this; may be repeated.")] = None,
    now: Annotated[str | None, typer.Option(metavar="T", help="Instant of planning; else now.")] = None,
) -> None:
    """Plan everything that is open, and propose the windows found. Ctrl-C ends the run, and keeps what it has."""
    with opened(store) as desk:
        if of_run is not None:
            with desk.reading() as connection:
                found = run(connection, of_run)
        elif resume is not None:
            found = followed(desk, workflow.resume_run(desk, resume, by=by, time_limit=time_limit), by)
        else:
            at = None if now is None else instant_at(desk, now)
            given: dict[str, Any] = {"time_limit": time_limit, "workers": workers, "seed": seed}
            found = followed(desk, workflow.start_run(desk, by=by, kind=kind, planned_at=at, **given), by)
        if found.message:
            print(found.message, file=sys.stderr)
        if found.schedule is None:
            raise typer.Exit(BROKEN if found.status == "finished" else STOPPED)
        if of_run is None and found.status != "finished":
            print(f"run {found.id} is {found.status}; propose what it has with: scheduler propose --run {found.id}")
            raise typer.Exit(STOPPED)
        say(workflow.propose(desk, found.schedule, by=by, only=only))


def followed(store: Store, id: int, by: str) -> Run:
    """Show how a run stands until it ends."""
    with store.reading() as connection:
        line = ProgressLine(portfolio_of(connection).policy.currency)
    asked = False
    with stopping() as stop:
        while True:
            with store.reading() as connection:
                found = run(connection, id)
            line(Progress(found.seconds, found.phase, found.objective_cents, found.bound_cents))
            if found.status not in AT_WORK:
                line.done()
                return found
            if stop.is_set() and not asked:
                workflow.stop_run(store, id, by=by)
                asked = True
            time.sleep(POLL_SECONDS)


def runs_command(store: Place, json: Json = False) -> None:
    """List runs of the solver, the latest first."""
    with opened(store) as desk, desk.reading() as connection:
        rows: list[dict[str, Any]] = [
            {"run": one.id, "status": one.status, "asked_by": one.asked_by, "asked_at": utc_text(one.asked_at)}
            | {"objective_cents": one.objective_cents, "bound_cents": one.bound_cents, "message": one.message}
            for one in runs(connection)
        ]
    if json:
        print_json({"runs": rows})
        return
    for row in rows:
        print("  ".join(str(value) for value in row.values() if value not in ("", None)))


# --- looking ---------------------------------------------------------------------------------------------------------


def changes_command(store: Place, json: Json = False) -> None:
    """List every change with its state, its windows and its revision."""
    with opened(store) as desk, desk.reading() as connection:
        at = position(connection)
        zone = portfolio_of(connection).policy.time_zone
    rows = []
    for change, row in sorted(at.changes.items()):
        flags = [name for name in ("on_hold", "pinned", "stale") if row[name]]
        windows = {"window": at.window_of(change), "proposal": at.proposal_of(change)}
        texts = {name: None if one is None else utc_text(one.start) for name, one in windows.items()}
        rows.append({"change": change, "state": row["state"], "flags": flags, "revision": row["revision"]} | texts)
        if not json:
            spans = {name: Window(one.start, one.reserved_until) for name, one in windows.items() if one is not None}
            shown = [f"{name} {window_text(one, zone)}" for name, one in spans.items()]
            print("  ".join([change, row["state"], *flags, *shown, f"revision {row['revision']}"]))
    if json:
        print_json({"changes": rows})


def log_command(
    store: Place,
    change: Annotated[str | None, typer.Argument(metavar="CHANGE", help="Only what is about this change.")] = None,
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write it as CSV.")] = None,
    json: Json = False,
) -> None:
    """Show what was decided: by whom, when and why."""
    with opened(store) as desk, desk.reading() as connection:
        log = entries(connection, change=change)
    if csv is not None:
        with orderly():
            Path(csv).write_bytes(log_csv(log))
    elif json:
        print_json({"log": log_rows(log)})
    else:
        for one in log:
            print(f"{one.seq}: {sentence(one)}")


_WITH_REASON = (
    ("reject", workflow.reject, "Reject the proposed window of a change, or else the announced one."),
    ("defer", workflow.defer, "Put the decision on a proposed window off."),
    ("hold", workflow.hold, "Put a change on hold."),
    ("cancel", workflow.cancel, "Cancel a change."),
    ("backout", workflow.backout, "Say that work was undone, and why."),
)
_WITHOUT_REASON = (
    ("pin", workflow.pin, "Pin a change to its window, so that no plan moves it."),
    ("unpin", workflow.unpin, "Let plans move a change again."),
    ("release", workflow.release, "Take a change off hold."),
    ("withdraw", workflow.withdraw, "Take a proposal back; what was announced stays."),
    ("start", workflow.start, "Say that work has begun."),
    ("finish", workflow.finish, "Say that work is done."),
)
_OTHERS: dict[str, Callable[..., None]] = {
    "approve": approve_command,
    "move": move_command,
    "extend": extend_command,
    "review": review_command,
    "propose": propose_command,
    "runs": runs_command,
    "changes": changes_command,
    "log": log_command,
}
