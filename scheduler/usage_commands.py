"""The command that turns what other systems recorded into usage."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scheduler.batch.runners import RunnerError
from scheduler.inputs.counted import prometheus, sql_query
from scheduler.inputs.logs import (
    SESSION_MINUTES,
    Counted,
    Pairs,
    access_log,
    sign_in_log,
    usage_csv,
)
from scheduler.running import orderly, refuse


class Source(StrEnum):
    """Where usage comes from."""

    ACCESS = "access-log"
    SIGN_IN = "sign-ins"
    PROMETHEUS = "prometheus"
    SQL = "sql"


def import_usage_command(
    kind: Annotated[Source, typer.Argument(metavar="KIND", help="access-log, sign-ins, prometheus or sql.")],
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="The file, a folder of sign-ins as Parquet, or the URL.")
    ],
    out: Annotated[str, typer.Option(metavar="FILE", help="The usage.csv to write, or the folder it is for.")],
    team: Annotated[str, typer.Option(metavar="ID", help="Team of all that is read.")] = "",
    service: Annotated[str, typer.Option(metavar="ID", help="Service of all that is read.")] = "",
    query: Annotated[str, typer.Option(metavar="SQL", help="Gives team, service, start, users (and minutes).")] = "",
    session_minutes: Annotated[
        int, typer.Option(metavar="N", min=1, help="Minutes that a user is present after a request.")
    ] = SESSION_MINUTES,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Count a folder of sign-ins on the Dask cluster at tcp://HOST:8786.")
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> None:
    """Turn an access log, sign-ins, a Prometheus range query or a SQL query into usage.csv."""
    pairs = Pairs(team, service)
    if kind is Source.ACCESS and not (team and service):
        raise typer.BadParameter("an access log does not say whose it is; name both", param_hint="--team, --service")
    if kind is Source.SQL and not query:
        raise typer.BadParameter("say what to ask", param_hint="--query")
    if cluster and not (kind is Source.SIGN_IN and Path(source).is_dir()):
        raise typer.BadParameter("only sign-ins in a folder of Parquet files are counted there", param_hint="--cluster")
    path = Path(out) / "usage.csv" if Path(out).is_dir() else Path(out)
    with orderly():
        if path.exists() and not replace:
            refuse([f"{path}: is there already; write over it with --replace, or choose another name"])
        if cluster:
            counted = _counted_on(cluster, source, pairs, session_minutes)
        else:
            counted = _count(kind, source, pairs, query, session_minutes)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(usage_csv(counted.usage))
    if counted.unread:
        typer.echo(f"note: {counted.unread:,} lines or values could not be read and were left out", err=True)
    typer.echo(f"{len(counted.usage):,} rows of usage written to {path}")


def _counted_on(cluster: str, source: str, pairs: Pairs, session_minutes: int) -> Counted:
    from scheduler.batch.sign_ins import sign_ins_on  # it loads Dask, which no other use of this command needs

    try:
        return sign_ins_on(cluster, source, pairs, session_minutes=session_minutes)
    except RunnerError as error:
        refuse([str(error)])


def _count(kind: Source, source: str, pairs: Pairs, query: str, session_minutes: int) -> Counted:
    if kind is Source.ACCESS:
        return access_log(source, pairs, session_minutes=session_minutes)
    if kind is Source.SIGN_IN:
        return sign_in_log(source, pairs, session_minutes=session_minutes)
    return prometheus(source, pairs) if kind is Source.PROMETHEUS else sql_query(source, query)
