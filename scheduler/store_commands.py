"""Commands about the store itself, who may use it, and who is away."""

from typing import Annotated

import typer

from scheduler.desk import workflow
from scheduler.desk.access import ROLES
from scheduler.desk.copying import backup, copy, restore
from scheduler.desk.people import users
from scheduler.desk_commands import By, Place, instant_at, opened, say

File = Annotated[str, typer.Argument(metavar="FILE", help="The backup.")]
User = Annotated[str, typer.Argument(metavar="USER", help="A name to sign in with.")]
Role = Annotated[str, typer.Option(metavar="ROLE", help=f"One of: {', '.join(ROLES)}.")]
Team = Annotated[str, typer.Option(metavar="TEAM", help="The team of a team member.")]

db_app = typer.Typer(
    name="db",
    help="Make, upgrade, back up, restore and copy the store of the desk.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
user_app = typer.Typer(
    name="user", help="Add people to the desk, and change their roles.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db_app)
    app.add_typer(user_app)
    app.command("absent")(absent_command)


@db_app.command("upgrade")
def upgrade_command(store: Place) -> None:
    """Make the store, or take it to the form that this program knows."""
    with opened(store, create=True) as desk:
        print(f"{desk.name}: form {desk.revision()}")


@db_app.command("backup")
def backup_command(file: File, store: Place) -> None:
    """Write all of a store that is in use to a file, as it is at one moment."""
    with opened(store) as desk:
        backup(desk, file)
    print(f"written to {file}")


@db_app.command("restore")
def restore_command(
    file: File,
    store: Place,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether all that is there may go.")] = False,
) -> None:
    """Put what a backup holds in place of all that the store holds."""
    if not yes:
        typer.confirm(f"Replace everything in {store}?", abort=True)
    with opened(store, create=True) as desk:
        restore(desk, file)
    print(f"restored from {file}")


@db_app.command("copy")
def copy_command(
    target: Annotated[str, typer.Argument(metavar="PLACE", help="An empty database, or a file that is not there.")],
    store: Place,
) -> None:
    """Copy the store to another database, as from SQLite to PostgreSQL."""
    with opened(store) as desk:
        copy(desk, target)
    print("copied")


@user_app.command("add")
def add_command(
    user: User,
    store: Place,
    by: By,
    role: Role,
    team: Team = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="The name that people know.")] = "",
) -> None:
    """Add somebody; the first is an administrator."""
    _put(store, user, by, role, team, name)


@user_app.command("role")
def role_command(user: User, store: Place, by: By, role: Role, team: Team = "") -> None:
    """Give somebody another role or team."""
    _put(store, user, by, role, team, "")


@user_app.command("remove")
def remove_command(user: User, store: Place, by: By) -> None:
    """Send somebody away; their secret addresses are worthless from then on."""
    with opened(store) as desk:
        with desk.reading() as connection:
            row = next((one for one in users(connection) if one["user"] == user), None)
        if row is None:
            raise workflow.RefusedError(f"{user} is not a user of this desk")
        given = {name: row[name] for name in ("role", "team", "name")}
        workflow.put_user(desk, user, by=by, active=False, **given)
    print(f"{user} was sent away")


def _put(store: str, user: str, by: str, role: str, team: str, name: str) -> None:
    with opened(store) as desk:
        workflow.put_user(desk, user, by=by, role=role, team=team, name=name)  # type: ignore[arg-type]
    print(f"{user}: {role}")


def absent_command(
    engineer: Annotated[str, typer.Argument(metavar="ENGINEER", help="Who is away.")],
    start: Annotated[str, typer.Option("--from", metavar="T", help="From when on (ISO 8601).")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="Until when.")],
    store: Place,
    by: By,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
) -> None:
    """Say that an engineer is away; `propose --kind "at risk"` then moves only the windows that this hits."""
    with opened(store) as desk:
        begin, until = (instant_at(desk, one) for one in (start, end))
        say(workflow.absent(desk, engineer, by=by, start=begin, end=until, reason=reason))
