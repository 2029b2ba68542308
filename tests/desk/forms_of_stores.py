"""Keeps a store of the newest form for the tests of later ones: `python tests/desk/forms_of_stores.py`.

Run once whenever there is a new form; what is kept of older ones is never made again.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from builders import when
from desks import NOW, Desk, usual
from stores import FORMS

from scheduler.desk import workflow
from scheduler.desk.copying import backup
from scheduler.desk.runner import Runner
from scheduler.desk.runs import ask_run
from scheduler.desk.store import Store


def fill(store: Store) -> None:
    """Leave something in every table."""
    desk = Desk(store)
    desk.bring(usual())
    for user, role in (("ana", "administrator"), ("mia", "change manager")):
        workflow.put_user(store, user, by="ana", role=role, now=NOW)  # type: ignore[arg-type]
    workflow.delegate(store, "mia", by="ana", start=NOW, end=when("Tue 00:00"), now=NOW)
    workflow.create_token(store, "team", "blue", by="ana", now=NOW)
    workflow.set_approvers(store, by="ana", normal=1, now=NOW)
    number, _ = ask_run(store, by="ana", time_limit=10.0, planned_at=NOW)
    Runner(store, number).go()
    workflow.propose(store, 1, by="ana", only=["B"], now=NOW)
    override = workflow.SetAside(reason="the vendor comes", expires_at=when("Sat 00:00"))
    desk.move("A", "Fri 02:00", override=override)
    workflow.comment(store, "A", "who is on call? ü", by="mia", now=NOW)
    desk.do(workflow.object_to, "A", team="blue", reason="we close our books")
    desk.do(workflow.approve, "A")
    desk.do(workflow.reject, "B", reason="too soon")
    workflow.prefer(store, "blue", "never", by="ana", hours="Mon 08:00-12:00", now=NOW)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "new.db", create=True) as made:
        fill(made)
        FORMS.mkdir(exist_ok=True)
        backup(made, FORMS / f"{made.revision()}.db")
