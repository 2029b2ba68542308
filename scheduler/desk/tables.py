"""The tables of the store, the same on SQLite and PostgreSQL.

`log` is the truth: rows are only ever added to it. The tables named in `FOLDED` are what the log folds to
(`scheduler.desk.fold`), kept so that they need not be folded on every look. The others hold what entries of the log
refer to: versions of the portfolio, runs of the solver and their schedules.
"""

import sqlalchemy as sa

from scheduler.desk.columns import Document
from scheduler.desk.columns import document as _document
from scheduler.desk.columns import flag as _flag
from scheduler.desk.columns import id_column as _id
from scheduler.desk.columns import instant as _at
from scheduler.desk.columns import metadata as metadata
from scheduler.desk.columns import number as _number
from scheduler.desk.columns import table as _table
from scheduler.desk.columns import text as _text
from scheduler.desk.mail_tables import MAILS as MAILS
from scheduler.desk.mail_tables import REPLIES as REPLIES
from scheduler.desk.mail_tables import TOLD as TOLD

DESK = _table("desk", _id("id", sa.Integer), _text("store"), _number("last"), _at("last_at", null=True))
"""One row: what tells this store from any other, and the number of the last entry of the log. Writers lock it."""

LOG = _table(
    "log",
    _id("seq", sa.BigInteger),
    _at("at"),
    _text("by"),
    _text("action"),
    _text("change", null=True),
    _text("reason"),
    _document("detail"),
    _text("key", null=True),
    _number("part"),
    _text("request"),
    sa.UniqueConstraint("key", "part"),
    sa.Index("log_change", "change", "seq"),
)
"""What was decided, in the order it was: who (`by`), when, what, about which change, why.

`key` is the caller's name for the request, so that asking twice does it once; `part` counts the entries of a request.
"""

VERSIONS = _table(
    "versions",
    _id("id", sa.BigInteger),
    _text("content_hash"),
    _at("at"),
    _text("by"),
    _text("source"),
    _document("warnings"),
    sa.Column("document", sa.LargeBinary, nullable=False),
)
"""Portfolios as they were imported: `document` is an archive, or in old stores a portfolio.json by zlib."""

RUNS = _table(
    "runs",
    _id("id", sa.BigInteger),
    _number("version"),
    _number("seq"),
    _text("asked_by"),
    _at("asked_at"),
    _text("status"),
    _document("parameters"),
    _number("pid", null=True),
    _text("host"),
    _at("started_at", null=True),
    _at("heard_at", null=True),
    _at("ended_at", null=True),
    _text("phase"),
    sa.Column("seconds", sa.Float, nullable=False),
    _number("objective_cents", null=True),
    _number("bound_cents", null=True),
    _number("schedule", null=True),
    _text("message"),
    _flag("stop_asked"),
)
"""Runs of the solver: asked, running, finished, stopped or failed; `seq` is how much of the log they knew."""

RUN_POINTS = _table(
    "run_points",
    *(_id(name, sa.BigInteger) for name in ("run", "number")),
    sa.Column("seconds", sa.Float, nullable=False),
    _text("phase"),
    *(_number(name, null=True) for name in ("objective_cents", "bound_cents")),
)
"""The course of every run, its points numbered from 0: seconds since its start, and weighted cents."""

SCHEDULES = _table(
    "schedules",
    _id("id", sa.BigInteger),
    _number("run", null=True),
    _number("version"),
    _at("at"),
    _text("status"),
    _number("objective_cents", null=True),
    _number("bound_cents", null=True),
    _number("cost_cents", null=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
)
"""Plans that runs found: `document` is a schedule.json, compressed by zlib."""

CHANGES = _table(
    "changes",
    _id("change", sa.Text),
    _text("type"),
    _text("requested_by"),
    _text("state"),
    _flag("on_hold"),
    _flag("pinned"),
    _flag("stale"),
    _number("revision"),
    _text("window", null=True),
    _text("proposal", null=True),
    _document("approvals"),
    _at("started_at", null=True),
    _at("ended_at", null=True),
    _text("outcome"),
    _number("version"),
    sa.Column("teams", Document, nullable=False, server_default="[]"),
)
"""Where every change stands. `window` is what clients were told, `proposal` what waits for approval."""

WINDOWS = _table(
    "windows",
    _id("id", sa.Text),
    _text("change"),
    _text("status"),
    _at("start"),
    _at("end"),
    _at("reserved_until"),
    _number("sequence"),
    _at("revised_at"),
    _at("announced_at", null=True),
    _at("first_announced_at", null=True),
    _number("version"),
    _number("cost_cents", null=True),
    _number("seq"),
    sa.Index("windows_change", "change"),
)
"""Every window there ever was, as it is now, under an id that never changes and is used for no other.

`status` is proposed, scheduled, implementing, done, cancelled, or withdrawn (a proposal that nobody was told of and is
gone). `sequence` rises with every revision, at `revised_at`; `announced_at` is when clients were told of this start.
"""

WINDOW_REVISIONS = _table(
    "window_revisions",
    _id("window", sa.Text),
    _id("sequence", sa.BigInteger),
    _text("status"),
    _at("start"),
    _at("end"),
    _at("reserved_until"),
    _at("at"),
    _number("seq"),
    _number("version"),
)
"""What every window was, revision by revision, and the entry of the log that made it so."""

REJECTIONS = _table("rejections", _id("id", sa.BigInteger), _text("change"), _at("start"), _text("by"), _text("reason"))

OVERRIDES = _table(
    "overrides",
    _id("id", sa.BigInteger),
    _text("change"),
    _at("start"),
    _document("rules"),
    _text("by"),
    _text("reason"),
    _at("at"),
    _at("expires_at"),
    _at("ended_at", null=True),
)
"""Hard rules that an administrator set aside for one start of a change, for a while."""

COMMENTS = _table("comments", _id("id", sa.BigInteger), _text("change"), _text("by"), _at("at"), _text("text"))

OBJECTIONS = _table(
    "objections",
    _id("id", sa.BigInteger),
    _text("change"),
    _text("team"),
    _text("by"),
    _at("at"),
    _text("reason"),
    _at("start", null=True),
    _text("status"),
    _text("answer"),
    _text("answered_by"),
    _at("answered_at", null=True),
)
"""What teams said against a window: open, upheld or declined."""

PREFERENCES = _table(
    "preferences",
    _id("id", sa.BigInteger),
    _text("team"),
    _text("kind"),
    _text("hours"),
    _at("start", null=True),
    _at("end", null=True),
    _number("cost_cents_per_hour", null=True),
    _text("reason"),
    _text("by"),
    _at("at"),
    _at("ended_at", null=True),
)
"""Hours that teams asked for at the desk, beside those in the portfolio."""

NOTICES = _table(
    "notices",
    _id("id", sa.BigInteger),
    _id("part", sa.BigInteger),
    _text("window"),
    _text("change"),
    _text("team"),
    _text("kind"),
    _number("sequence"),
    _at("at"),
    _at("start"),
)
"""What teams were told: planned, moved or cancelled, of which revision of a window; `id` is the entry of the log."""

USERS = _table(
    "users",
    _id("user", sa.Text),
    _text("name"),
    _text("role"),
    _text("team"),
    _flag("active"),
    _at("at"),
)

DELEGATIONS = _table(
    "delegations",
    _id("id", sa.BigInteger),
    _text("giver"),
    _text("taker"),
    _at("start"),
    _at("end"),
    _at("ended_at", null=True),
)
"""Who may approve in whose place, in [start, end)."""

TOKENS = _table(
    "tokens",
    _id("id", sa.Text),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("scope"),
    _text("user"),
    _at("at"),
    _text("by"),
    _at("expires_at", null=True),
    _at("revoked_at", null=True),
    _text("successor", null=True),
    sa.Column("detail", sa.Text, nullable=False, default="full"),
    sa.Column("proposals", sa.Boolean, nullable=False, default=False),
)
"""Secrets that open a feed or a page, as their SHA-256 only.

`kind` says what they open (team, service, engineer, all, blackouts, sign-in), `scope` which one. One that was rotated
has a `successor` and `expires_at`, until when both are good. `detail` says how much a feed shows (full, busy,
maintnote), `proposals` whether windows that are not approved yet are in it.
"""

SETTINGS = _table("settings", _id("name", sa.Text), _document("value"))

FOLDED = (
    CHANGES,
    WINDOWS,
    WINDOW_REVISIONS,
    REJECTIONS,
    OVERRIDES,
    COMMENTS,
    OBJECTIONS,
    PREFERENCES,
    NOTICES,
    USERS,
    DELEGATIONS,
    TOKENS,
    SETTINGS,
)
