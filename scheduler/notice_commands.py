"""Commands that take in what others publish: notices of vendors, and calendars."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scheduler.inputs import load
from scheduler.inputs.calendar_urls import refresh
from scheduler.inputs.notice_parser import read_with_parser
from scheduler.inputs.notice_rows import FILE, take_notices
from scheduler.inputs.notices import Notice, NoticeError, read_notices
from scheduler.publish.swap import alone_in, put
from scheduler.running import REFUSED, orderly, refuse
from scheduler.wording import listing


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("notices")(notices_command)
    app.command("fetch")(fetch_command)


def notices_command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio.")],
    files: Annotated[
        list[str], typer.Argument(metavar="FILES", help="Notices: calendars or mails, or folders of them.")
    ],
    blocks: Annotated[
        bool, typer.Option("--block/--accompany", help="Forbid our own work meanwhile, or let it share the outage.")
    ] = False,
    parser: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="Interpreter that has circuit-maintenance-parser, for mails and pages in words."
        ),
    ] = None,
    provider: Annotated[str, typer.Option(metavar="NAME", help="What that library calls the vendor of a page.")] = "",
    zone: Annotated[str, typer.Option(metavar="Z", help="Zone of whole days, and of times without one.")] = "UTC",
) -> None:
    """Take vendors' notices into external.csv: their work is then priced, announced and planned around.

    A notice that cannot be read changes nothing: the others are not taken in either, until it is mended or left out.
    """
    paths = [path for one in files for path in (sorted(Path(one).iterdir()) if Path(one).is_dir() else [Path(one)])]
    found: list[Notice] = []
    unread: dict[str, bytes] = {}
    problems: list[str] = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror})")
            continue
        try:
            notices, remarks = read_notices(content, zone, path.stem)
        except NoticeError as error:
            if parser is None:
                problems.append(f"{path}: {error}")
            else:
                unread[str(path)] = content
            continue
        found += notices
        for remark in remarks:
            print(f"warning: {path} {remark}", file=sys.stderr)
    if unread and parser is not None:
        try:
            for name, answer in read_with_parser(parser, unread, provider).items():
                if isinstance(answer, NoticeError):
                    problems.append(f"{name}: {answer}")
                else:
                    found += answer
        except NoticeError as error:
            problems.append(str(error))
    if problems:
        refuse(problems)
    with orderly(), alone_in(Path(folder)):
        done = take_notices(Path(folder), found, blocks=blocks)
        path = Path(folder) / FILE
        before = path.read_bytes() if path.exists() else None
        put(path, done.content)
        try:
            load(folder)
        except BaseException:
            # A portfolio that cannot be read any more helps nobody.
            if before is None:
                path.unlink()
            else:
                put(path, before)
            raise
    for remark in done.remarks:
        print(f"warning: {remark}", file=sys.stderr)
    print(f"{len(done.new)} new, {len(done.changed)} changed, {len(done.gone)} gone: {path}")


def fetch_command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio.")],
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host that may be on this machine or in this network; may be repeated."),
    ] = None,
) -> None:
    """Bring calendar files up to date from the addresses in calendars.csv; a bad one never replaces a good one."""
    with orderly(), alone_in(Path(folder)):
        done = refresh(Path(folder), allowed=frozenset(allow or ()))
    for count, what, names in ((len(done.changed), "changed", done.changed), (len(done.same), "as before", done.same)):
        print(f"{count} {what}" + (f": {listing(names)}" if names else ""))
    for problem in done.problems:
        print(problem, file=sys.stderr)
    if done.problems:
        raise typer.Exit(REFUSED)
