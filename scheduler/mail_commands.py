"""Commands about mail: invitations as files, what is on its way, and sending it."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scheduler.desk.outbox import Mail, MailStatus, mails, send_again
from scheduler.desk.replies import replies
from scheduler.desk.store import Store
from scheduler.desk_commands import By, Change, Json, Place, opened
from scheduler.feed_commands import PublicUrl
from scheduler.inputs.tables import utc_text
from scheduler.publish.announcing import Message
from scheduler.publish.invites import invite_files
from scheduler.publish.mailbox import MailboxError, by_imap, in_folder
from scheduler.publish.posting import Office, Post
from scheduler.publish.replies import TakenIn, take_in
from scheduler.publish.sending import BusyError, Sent, send_waiting
from scheduler.running import print_json, refuse
from scheduler.settings import ConfigurationError, Settings, read_settings

Team = Annotated[str | None, typer.Option("--team", metavar="TEAM", help="Only for this team.")]
Every = Annotated[
    float | None, typer.Option(metavar="S", min=1.0, help="Go on, and look again every so many seconds; else once.")
]
Replies = Annotated[
    bool, typer.Option("--replies", help="Say in mails that answers to them are read; see `mail read`.")
]
_OPEN: tuple[MailStatus, ...] = ("waiting", "sending", "unconfirmed", "refused")

mail_app = typer.Typer(
    name="mail", help="Send invitations, and see what is on its way.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("invite")(invite_command)
    app.add_typer(mail_app)


def settings_or_refuse() -> Settings:
    """Read the settings; what is wrong with them ends the program."""
    try:
        return read_settings()
    except ConfigurationError as error:
        refuse(error.problems)


def invite_command(
    change: Change,
    store: Place,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where to write the files.")],
    team: Team = None,
    public_url: PublicUrl = "",
) -> None:
    """Write the invitations to a change's window as .eml and .ics files, to send them without a mail server."""
    settings = settings_or_refuse()
    with opened(store) as desk:
        files = invite_files(
            desk, change, datetime.now(UTC), team=team, sender=settings.mail.sender, public_url=public_url
        )
        folder = Path(out)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            print(folder / name)
    if not files:
        print("nobody with a mail address is invited to a window of it", file=sys.stderr)


@mail_app.command("send")
def send_command(store: Place, every: Every = None, replies: Replies = False, public_url: PublicUrl = "") -> None:
    """Write down what teams and engineers have to be told, and send what is due. Run it from cron, or with --every."""
    settings = settings_or_refuse()
    if not settings.mail.host:
        refuse(["no host that takes mail is set; give it in scheduler.toml, or as SCHEDULER_MAIL__HOST"])
    with opened(store) as desk:
        post = Post(desk, Office(address=settings.mail.sender, replies=replies), public_url or settings.public_url)
        while True:
            done, remarks = round_of(desk, post, settings)
            for remark in [*remarks, *([f"mail waits: {done.trouble}"] if done.trouble else [])]:
                print(f"warning: {remark}", file=sys.stderr)
            if every is None or done.sent or done.refused or done.unconfirmed:
                print(f"{done.sent} sent, {done.refused} refused, {done.put_off} put off", flush=True)
            if done.unconfirmed:
                print(f"warning: {done.unconfirmed} handed over, but not confirmed; see mail list", file=sys.stderr)
            if every is None:
                return
            time.sleep(every)


def round_of(desk: Store, post: Post, settings: Settings) -> tuple[Sent, tuple[str, ...]]:
    """Write down what is due, and send what waits; gives what was done, and remarks."""
    written = post.write_due(datetime.now(UTC))
    try:
        return send_waiting(desk, settings.mail), written.remarks
    except BusyError as error:
        return Sent(), (*written.remarks, str(error))


@mail_app.command("list")
def list_command(
    store: Place,
    everything: Annotated[bool, typer.Option("--all", help="Also what was sent.")] = False,
    json: Json = False,
) -> None:
    """List what has to be told and when, what waits to be sent, and what needs somebody to look at it."""
    with opened(store) as desk:
        coming = Post(desk).upcoming(datetime.now(UTC))
        with desk.reading() as connection:
            found = mails(connection, *(() if everything else _OPEN))
    rows = [_mail_row(one) for one in found] + [_coming_row(one) for one in coming]
    if json:
        print_json({"mails": rows})
        return
    for row in rows:
        print("  ".join(str(value) for value in row.values() if value not in ("", None)))


def _mail_row(mail: Mail) -> dict[str, object]:
    return {
        "id": mail.id,
        "status": mail.status,
        "at": utc_text(mail.next_at if mail.status == "waiting" else mail.ended_at or mail.at),
        "to": mail.address,
        "subject": mail.subject,
        "attempts": mail.attempts,
        "error": mail.error,
    }


def _coming_row(message: Message) -> dict[str, object]:
    return {
        "id": None,
        "status": "due",
        "at": utc_text(message.due),
        "to": message.to.address,
        "subject": message.letter.subject,
        "attempts": 0,
        "error": "",
    }


@mail_app.command("resend")
def resend_command(
    id: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `mail list` shows it.")], store: Place
) -> None:
    """Let a mail that was refused, or handed over without an answer, go once more."""
    with opened(store) as desk:
        if not send_again(desk, id, datetime.now(UTC)):
            refuse([f"mail {id} is neither refused nor unconfirmed; see: scheduler mail list"])
    print(f"mail {id} waits")


@mail_app.command("read")
def read_command(
    store: Place,
    by: By,
    folder: Annotated[
        str | None,
        typer.Option("--folder", metavar="DIR", help="Read mails there; else in the mailbox set."),
    ] = None,
) -> None:
    """Take in answers to invitations. USER objects in the name of teams whose contact declined."""
    settings = settings_or_refuse()
    with opened(store) as desk:
        try:
            if folder is not None:
                done = take_in(desk, in_folder(Path(folder)), by=by)
            else:
                with by_imap(settings.mailbox) as found:
                    done = take_in(desk, found, by=by)
        except MailboxError as error:
            refuse([str(error)])
    _say(done)


def _say(done: TakenIn) -> None:
    for remark in done.remarks:
        print(f"passed over: {remark}", file=sys.stderr)
    print(f"{done.answers} answers taken in")


@mail_app.command("answers")
def answers_command(
    store: Place,
    change: Annotated[str | None, typer.Argument(metavar="[CHANGE]", help="Only about this change.")] = None,
    json: Json = False,
) -> None:
    """List what was answered to invitations, and what came of it."""
    with opened(store) as desk, desk.reading() as connection:
        found = replies(connection, change=change)
    rows = [
        {
            "at": utc_text(one.at),
            "change": one.change,
            "team": one.team,
            "from": one.address,
            "answer": one.kind,
            "start": utc_text(one.start) if one.start else "",
            "end": utc_text(one.end) if one.end else "",
            "text": one.text,
            "outcome": one.outcome,
        }
        for one in found
    ]
    if json:
        print_json({"answers": rows})
        return
    for row in rows:
        print("  ".join(value for value in row.values() if value))
