"""The command `import`: a portfolio for the desk, or an export of another tool for a portfolio."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scheduler.desk_commands import By, import_folder
from scheduler.inputs.exports import draft_mapping, import_changes, write_back
from scheduler.running import orderly, refuse, usual_store


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_command)


def import_command(
    export: Annotated[
        str, typer.Argument(metavar="EXPORT", help="Export of changes of another tool, or a portfolio's folder.")
    ],
    by: By,
    mapping: Annotated[
        str | None,
        typer.Option(metavar="MAPPING", help="servicenow, jira or a mapping.toml; else told by columns."),
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Portfolio's folder, or the file to write.")] = None,
    back: Annotated[
        str | None, typer.Option(metavar="SCHEDULE", help="Write the times of this schedule.json into the export.")
    ] = None,
    draft: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a mapping.toml to start from, with --out's services.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
    store: Annotated[
        str | None,
        typer.Option(metavar="PLACE", envvar="SCHEDULER_STORE", help="Desk that a portfolio is brought to."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what a portfolio would change there.")] = False,
    now: Annotated[str | None, typer.Option(metavar="T", help="Instant that a portfolio is read at.")] = None,
) -> None:
    """Bring a portfolio to the desk, or turn an export of another tool into changes.csv, and back."""
    if Path(export).is_dir() and out is None and draft is None:
        with orderly():
            import_folder(export, store or usual_store(), by=by, dry_run=dry_run, now=now)
        return
    if out is None and draft is None:
        raise typer.BadParameter("say where to write", param_hint="--out")
    with orderly():
        if draft is not None:
            imported = draft_mapping(export, draft, out)
        elif back is not None:
            imported = write_back(export, mapping, back, out or "")
        else:
            imported = import_changes(export, mapping, out or "")
        if imported.path.exists() and not replace:
            refuse([f"{imported.path}: is there already; write over it with --replace, or choose another name"])
        imported.path.parent.mkdir(parents=True, exist_ok=True)
        imported.path.write_bytes(imported.content)
    for remark in imported.remarks:
        print(f"note: {remark}", file=sys.stderr)
    print(imported.text)
