"""Commands for what people say beside decisions: comments, objections and answers, wishes, and who stands in."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import typer

from scheduler.desk import workflow
from scheduler.desk.library import portfolio_of
from scheduler.desk.said import comments, delegations, objections, wishes
from scheduler.desk.store import Store
from scheduler.desk_commands import By, Change, Json, Key, Place, Reason, Revision, instant_at, opened, say, seen_of
from scheduler.inputs.tables import utc_text
from scheduler.running import print_json

Text = Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")]
From = Annotated[str | None, typer.Option("--from", metavar="T", help="From when on (ISO 8601).")]
To = Annotated[str | None, typer.Option("--to", metavar="T", help="Until when.")]
Number = Annotated[int, typer.Argument(metavar="N", min=1, help="Its number, as the list shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (comment, object, answer, prefer, unprefer, delegate, undelegate, said):
        app.command(command.__name__)(command)


def comment(change: Change, text: Text, store: Place, by: By, key: Key = None) -> None:
    """Say something about a change; it decides nothing."""
    with opened(store) as desk:
        say(workflow.comment(desk, change, text, by=by, key=key))


def object(  # the name of the command
    change: Change,
    team: Annotated[str, typer.Option(metavar="TEAM", help="The team that objects.")],
    store: Place,
    reason: Reason,
    by: By,
    revision: Revision = None,
    key: Key = None,
) -> None:
    """Object, for a team that it touches, to the window of a change."""
    with opened(store) as desk:
        seen = seen_of(desk, change, revision)
        say(workflow.object_to(desk, change, team=team, by=by, seen=seen, reason=reason, key=key))


def answer(
    objection: Number,
    text: Text,
    store: Place,
    by: By,
    uphold: Annotated[
        bool, typer.Option("--uphold/--decline", help="Keep plans off that window from now on, or not.")
    ] = False,
    key: Key = None,
) -> None:
    """Answer an objection; `said` lists them."""
    with opened(store) as desk:
        say(workflow.answer(desk, objection, by=by, uphold=uphold, text=text, key=key))


def prefer(
    team: Annotated[str, typer.Argument(metavar="TEAM", help="Whose wish it is.")],
    kind: Annotated[
        Literal["never", "avoid", "prefer"], typer.Argument(metavar="KIND", help="never, avoid or prefer these hours.")
    ],
    store: Place,
    by: By,
    hours: Annotated[str, typer.Option(metavar="HOURS", help="Weekly, on the team's clock: Mon-Fri 08:00-18:00.")] = "",
    start: From = None,
    end: To = None,
    cost_per_hour: Annotated[
        str | None, typer.Option(metavar="MONEY", help="What an hour of work then costs; for avoid, and for prefer.")
    ] = None,
    reason: Reason = "",
    key: Key = None,
) -> None:
    """Keep a team's wish for hours free of work, or for work in them."""
    with opened(store) as desk:
        begin, until = (None if one is None else _on_clock_of(desk, team, one) for one in (start, end))
        done = workflow.prefer(
            desk,
            team,
            kind,
            by=by,
            hours=hours,
            start=begin,
            end=until,
            cost_cents_per_hour=_cents(cost_per_hour),
            reason=reason,
            key=key,
        )
        say(done)


def unprefer(wish: Number, store: Place, by: By, key: Key = None) -> None:
    """Take a wish back; `said` lists them."""
    with opened(store) as desk:
        say(workflow.drop_preference(desk, wish, by=by, key=key))


def delegate(
    taker: Annotated[str, typer.Argument(metavar="USER", help="Who stands in.")],
    start: Annotated[str, typer.Option("--from", metavar="T", help="From when on (ISO 8601).")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="Until when.")],
    store: Place,
    by: By,
    giver: Annotated[
        str | None, typer.Option("--for", metavar="USER", help="Who is away, where an administrator says so.")
    ] = None,
    key: Key = None,
) -> None:
    """Let somebody approve in your place while you are away."""
    with opened(store) as desk:
        begin, until = (instant_at(desk, one) for one in (start, end))
        say(workflow.delegate(desk, taker, by=by, start=begin, end=until, giver=giver, key=key))


def undelegate(delegation: Number, store: Place, by: By, key: Key = None) -> None:
    """Let nobody stand in any more; `said` lists who does."""
    with opened(store) as desk:
        say(workflow.end_delegation(desk, delegation, by=by, key=key))


def said(
    store: Place,
    change: Annotated[str | None, typer.Argument(metavar="CHANGE", help="Only what is about this change.")] = None,
    json: Json = False,
) -> None:
    """List objections and their answers, wishes, who stands in, and with a change what was said about it."""
    with opened(store) as desk, desk.reading() as connection:
        found: dict[str, list[Any]] = {"objections": [*objections(connection, change=change)]}
        if change is None:
            found |= {"wishes": [*wishes(connection)], "stand-ins": [*delegations(connection, datetime.now(UTC))]}
        else:
            found |= {"comments": [*comments(connection, change)]}
    rows = {name: [_row(one) for one in ones] for name, ones in found.items()}
    if json:
        print_json({name.replace("-", "_"): ones for name, ones in rows.items()})
        return
    for name, ones in rows.items():
        for row in ones:
            print(f"{name.removesuffix('s').replace('wishe', 'wish')} {_line(row)}")


def _row(one: Any) -> dict[str, Any]:
    return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in asdict(one).items()}


def _line(row: Mapping[str, Any]) -> str:
    number = f"{row['id']}:"
    return "  ".join([number, *(str(value) for name, value in row.items() if name != "id" and value not in ("", None))])


def _on_clock_of(store: Store, team: str, text: str) -> datetime:
    """Read an instant; a time without an offset is on the team's clock, as in a portfolio."""
    with store.reading() as connection:
        known = portfolio_of(connection).teams
    return instant_at(store, text, zone=known[team].time_zone if team in known else None)


def _cents(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        cents = Decimal("NaN")
    if not cents.is_finite() or cents != cents.to_integral_value() or cents < 0:
        raise typer.BadParameter(f"{text!r} is no amount of money, such as 250 or 12.50", param_hint="--cost-per-hour")
    return int(cents)
