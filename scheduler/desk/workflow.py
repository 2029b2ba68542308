"""Everything that may be written at the desk, called alike by the pages and the command line.

Each function checks who asks (`scheduler.desk.access`), that what they looked at is still so (`seen`), and that it is
possible; then it adds to the log. It refuses with `RefusedError`, and writes all of it or nothing. With a `key` of the
caller's choice, asking twice does it once. `now` is for tests and for what is entered later; the log's clock never goes
back.
"""

from scheduler.desk.access import ForbiddenError, RefusedError
from scheduler.desk.deciding import (
    approve,
    cancel,
    defer,
    hold,
    pin,
    reject,
    release,
    revision_of,
    unpin,
)
from scheduler.desk.identities import forget_identity, recognise
from scheduler.desk.importing import import_portfolio, preview
from scheduler.desk.moving import SetAside, end_override, move, price
from scheduler.desk.people import (
    NewToken,
    create_token,
    delegate,
    end_delegation,
    put_user,
    revoke_token,
    rotate_token,
    set_approvers,
)
from scheduler.desk.proposing import propose, withdraw
from scheduler.desk.runs import resume_run, start_run, stop_run
from scheduler.desk.saying import answer, comment, drop_preference, object_to, prefer
from scheduler.desk.working import absent, backout, end_absence, extend, finish, review, start
from scheduler.desk.writing import Done, StaleError

__all__ = [
    "Done",
    "ForbiddenError",
    "NewToken",
    "RefusedError",
    "SetAside",
    "StaleError",
    "absent",
    "answer",
    "approve",
    "backout",
    "cancel",
    "comment",
    "create_token",
    "defer",
    "delegate",
    "drop_preference",
    "end_absence",
    "end_delegation",
    "end_override",
    "extend",
    "finish",
    "forget_identity",
    "hold",
    "import_portfolio",
    "move",
    "object_to",
    "pin",
    "prefer",
    "preview",
    "price",
    "propose",
    "put_user",
    "recognise",
    "reject",
    "release",
    "resume_run",
    "review",
    "revision_of",
    "revoke_token",
    "rotate_token",
    "set_approvers",
    "start",
    "start_run",
    "stop_run",
    "unpin",
    "withdraw",
]
