"""Commands about calendars: files of them, a server of them, and the secret addresses that open them."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from scheduler import journal
from scheduler.configured import settings_or_refuse
from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tokens import Token, tokens
from scheduler.inputs.tables import utc_text
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.figures import server_figures
from scheduler.publish.static_files import publish
from scheduler.publish.subscribing import subscription
from scheduler.publish.web import application, keep_secrets_out_of_logs
from scheduler.running import StorePlace, orderly, print_json, refuse
from scheduler.settings import secret_values

PORT = 8502
LOOPBACK = "127.0.0.1"


def _url(text: str | None) -> str | None:
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).netloc):
        raise typer.BadParameter(f"{text} is no address such as https://maintenance.example.com")
    return text


OptionalStore = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="PLACE", envvar="SCHEDULER_STORE", help="Store of the desk; else the one of your own."
    ),
]
PublicUrl = Annotated[
    str,
    typer.Option(
        "--public-url",
        metavar="URL",
        envvar="SCHEDULER_PUBLIC_URL",
        callback=_url,
        help="Address at which people reach the server.",
    ),
]
By = Annotated[str | None, typer.Option("--by", metavar="USER", help="Who asks; else whoever runs the command.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Kind = Literal["team", "service", "engineer", "all", "blackouts"]
Detail = Literal["full", "busy", "maintnote"]


class Details(StrEnum):
    """The details again, in the only form in which an option may be given more than once."""

    FULL = "full"
    BUSY = "busy"
    MAINTNOTE = "maintnote"


token_app = typer.Typer(
    name="token",
    help="Make, replace and revoke the secret addresses of calendars.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("publish")(publish_command)
    app.command("serve-feeds")(serve_feeds_command)
    app.add_typer(token_app)


@contextmanager
def opened(place: str) -> Iterator[Store]:
    """Open a store; what it refuses ends the program with the reason."""
    with orderly():
        try:
            with Store(place) as store:
                yield store
        except (StoreError, RefusedError) as error:
            refuse([str(error)])


def publish_command(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where to write the calendars.")],
    store: StorePlace,
    public_url: PublicUrl = "",
    detail: Annotated[
        list[Details] | None, typer.Option(help="full, busy or maintnote; may be given more than once.")
    ] = None,
    proposals: Annotated[bool, typer.Option("--proposals", help="Show windows that are not approved yet too.")] = False,
) -> None:
    """Write every calendar as a file, for any web server, and change calendars for AWS."""
    with opened(store) as desk:
        now = datetime.now(UTC)
        with closing(DeskFeeds(desk, public_url)) as feeds:
            archive = feeds.archive(now)
        done = publish(
            archive, Path(folder), now, details=[one.value for one in detail or [Details.FULL]], proposals=proposals
        )
    for remark in done.remarks:
        print(f"warning: {remark}", file=sys.stderr)
    print(f"{done.files} calendars written to {folder}")


def serve_feeds_command(
    store: StorePlace,
    public_url: PublicUrl = "",
    address: Annotated[str, typer.Option(metavar="IP", help="Address to listen at.")] = LOOPBACK,
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="Port to listen at.")] = PORT,
    no_browser: Annotated[bool, typer.Option("--no-browser", hidden=True)] = True,
) -> None:
    """Serve the calendars alone, in a process of their own."""
    import uvicorn

    settings = settings_or_refuse()
    with opened(store) as desk:
        journal.configure(settings.log.format, settings.log.level, secret_values(settings))
        keep_secrets_out_of_logs()
        with closing(DeskFeeds(desk, public_url)) as feeds:
            feeds.warm()
            figures = server_figures(settings, desk)
            served = application(feeds, secure=public_url.startswith("https:"), figures=figures)
            uvicorn.run(served, host=address, port=port, access_log=False, log_config=None, server_header=False)


# --- secrets ---------------------------------------------------------------------------------------------------------


@token_app.command("create")
def create_command(
    kind: Annotated[Kind, typer.Argument(help="Which calendar: of a team, a service, an engineer, or all of them.")],
    store: StorePlace,
    scope: Annotated[str, typer.Argument(metavar="[ID]", help="Of which team, service or engineer.")] = "",
    subscriber: Annotated[
        str | None, typer.Option("--for", metavar="USER", help="Whose it is; else of whoever asks.")
    ] = None,
    detail: Annotated[Detail, typer.Option(help="Everything, only that it is busy, or also for programs.")] = "full",
    proposals: Annotated[bool, typer.Option("--proposals", help="Show windows that are not approved yet too.")] = False,
    public_url: PublicUrl = "",
    by: By = None,
    json: Json = False,
) -> None:
    """Make the secret address of a calendar for one subscriber. It is shown this once."""
    with opened(store) as desk:
        made = workflow.create_token(
            desk, kind, scope, by=by or getpass.getuser(), user=subscriber, detail=detail, proposals=proposals
        )
    _show(made, public_url, json=json)


@token_app.command("rotate")
def rotate_command(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `token list` has it.")],
    store: StorePlace,
    grace_days: Annotated[float, typer.Option(metavar="DAYS", min=0, max=90, help="How long the old one works.")] = 7,
    public_url: PublicUrl = "",
    by: By = None,
    json: Json = False,
) -> None:
    """Replace a secret address by a new one; the old one works for a while."""
    with opened(store) as desk:
        made = workflow.rotate_token(desk, token, by=by or getpass.getuser(), grace=timedelta(days=grace_days))
    _show(made, public_url, json=json)


@token_app.command("revoke")
def revoke_command(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Its id, as `token list` has it.")],
    store: StorePlace,
    by: By = None,
) -> None:
    """Make a secret address worthless at once."""
    with opened(store) as desk:
        workflow.revoke_token(desk, token, by=by or getpass.getuser())
    print(f"revoked: {token}")


@token_app.command("list")
def list_command(store: StorePlace, json: Json = False) -> None:
    """List the secret addresses there are, without the secrets, which nobody keeps."""
    with opened(store) as desk, desk.reading() as connection:
        found = tokens(connection)
    now = datetime.now(UTC)
    rows = [_row(one, now) for one in found]
    if json:
        print_json({"tokens": rows})
        return
    for row in rows:
        print("  ".join(str(value) for value in row.values() if value))


def _row(token: Token, now: datetime) -> dict[str, str]:
    standing = "revoked" if token.revoked_at else "good" if token.good(now) else "expired"
    until = f"until {utc_text(token.expires_at)}" if token.expires_at and standing == "good" else ""
    return {
        "id": token.id,
        "kind": token.kind,
        "scope": token.scope,
        "detail": token.detail + (" with proposals" if token.proposals else ""),
        "for": token.user,
        "standing": " ".join(filter(None, [standing, until])),
    }


def _show(made: workflow.NewToken, public_url: str, *, json: bool) -> None:
    secret = made.secret or ""
    given = subscription(public_url or f"http://{LOOPBACK}:{PORT}", secret)
    if json:
        print_json({"id": made.id, "secret": secret, "address": given.address, "warnings": list(given.warnings)})
        return
    for warning in given.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"token {made.id}; its address is shown this once:")
    print(given.address)
