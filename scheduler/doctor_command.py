"""The command that looks whether everything works."""

import dataclasses
from typing import Annotated
from urllib.parse import urlsplit

import typer

from scheduler.doctor import examine
from scheduler.journal import without
from scheduler.publish.plain_text import one_line
from scheduler.running import REFUSED, print_json, usual_store
from scheduler.settings import ConfigurationError, read_settings, secret_values


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor_command)


def doctor_command(
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[FOLDERS]", help="Portfolios to look at as well.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="PLACE", envvar="SCHEDULER_STORE", help="Store of the desk to look at."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Look at settings, versions, database, mail, sign-in, clock, disks and data, and say how to mend what is wrong."""
    secrets = _secrets(store)
    found = []
    for one in examine(store, folders or [], usual_store=usual_store()):
        shown = dataclasses.replace(one, found=without(one.found, secrets), mend=without(one.mend, secrets))
        found.append(shown)
        if not json:
            print(f"{shown.state:<9}{one_line(f'{shown.check}: {shown.found}')}")
            if shown.mend:
                print(f"         to mend it: {one_line(shown.mend)}")
    faults = sum(one.state == "fault" for one in found)
    code = REFUSED if faults else 0
    if json:
        print_json({"exit_code": code, "faults": faults, "findings": [dataclasses.asdict(one) for one in found]})
    else:
        print(f"{faults} fault{'' if faults == 1 else 's'}" if faults else "no fault was found")
    raise typer.Exit(code)


def _secrets(store: str | None) -> tuple[str, ...]:
    try:
        known = secret_values(read_settings())
    except ConfigurationError:
        known = ()
    try:
        password = urlsplit(store or "").password
    except ValueError:
        password = None
    return (*known, *([password] if password else []))
