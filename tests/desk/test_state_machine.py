"""Random decisions against a model of a few lines: each is done, or refused, as the model says, and replays."""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from builders import change
from desks import NOW, Desk, as_read, assert_replays, office
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scheduler.desk import workflow
from scheduler.desk.store import Store

WEEKS, STEP = 8, timedelta(hours=5)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink a history of decisions takes minutes
OPEN = {"Draft", "Assess", "Proposed", "Authorise", "Scheduled", "Rejected"}
CHANGES = st.sampled_from(["N", "S", "E"])
TYPES = {"N": "normal", "S": "standard", "E": "emergency"}
PEOPLE = st.sampled_from(["ana", "bob", "ivy"])


@dataclass
class Model:
    """What a change should be like."""

    type: str
    state: str = "Draft"
    window: bool = False
    proposal: bool = False
    hold: bool = False
    pinned: bool = False
    approved: set[str] = field(default_factory=set)


class Decisions(RuleBasedStateMachine):
    template: Path | None = None

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self._copy())
        self.desk = Desk(self.store)
        self.models = {name: Model(type) for name, type in TYPES.items()}
        self.latest = NOW
        self.starts: dict[str, Any] = {}

    def _copy(self) -> Path:
        if Decisions.template is None:
            Decisions.template = Path(tempfile.mkdtemp()) / "desk.db"
            with Store(Decisions.template, create=True) as store:
                asked = replace(change("N"), requested_by="ivy")
                others = (change("S", type="standard"), change("E", type="emergency"))
                Desk(store).bring(as_read(office(asked, *others, weeks=WEEKS, blackouts=[])))
                workflow.set_approvers(store, by="ana", now=NOW, normal=2)
                store.fold_wal()
        shutil.copyfile(Decisions.template, self.folder / "desk.db")
        return self.folder / "desk.db"

    def tried(self, action: Any, change: str, legal: bool, *rest: Any, **given: Any) -> bool:
        """Decide; the desk must do as the model says."""
        log, why = len(self.desk.log()), ""
        try:
            self.desk.do(action, change, *rest, **given)
        except workflow.RefusedError as error:
            why = str(error)
        assert legal == (not why), f"{action.__name__} {change} in {self.models[change]}: {why or 'done'}"
        assert not why or len(self.desk.log()) == log
        return not why

    @rule(change=CHANGES)
    def move(self, change: str) -> None:
        model = self.models[change]
        start = max(self.latest, self.desk.now) + STEP
        start = start.replace(minute=0)
        if self.tried(workflow.move, change, model.state in OPEN, start):
            self.latest = self.starts[change, "proposal"] = start
            first = "Authorise" if model.type == "emergency" else "Proposed"
            model.state = model.state if model.window else first
            model.proposal, model.pinned, model.approved = True, True, set()

    @rule(change=CHANGES, by=PEOPLE)
    def approve(self, change: str, by: str) -> None:
        model = self.models[change]
        legal = model.proposal and not model.hold and by not in model.approved and not (change == "N" and by == "ivy")
        # Time has passed it by.
        legal = legal and self.starts[change, "proposal"] >= self.desk.now
        if self.tried(workflow.approve, change, legal, by=by):
            model.approved.add(by)
            if len(model.approved) == (2 if model.type == "normal" else 1):
                self.starts[change, "window"] = self.starts[change, "proposal"]
                model.state, model.window, model.proposal, model.approved = "Scheduled", True, False, set()
            elif not model.window:
                model.state = "Authorise"

    @rule(change=CHANGES)
    def reject(self, change: str) -> None:
        model = self.models[change]
        legal = model.state in {"Proposed", "Authorise", "Scheduled"} and (model.proposal or model.window)
        if self.tried(workflow.reject, change, legal, reason="no"):
            if model.proposal:
                model.proposal = False
            else:
                model.window = False
            model.state = "Scheduled" if model.window else "Rejected"
            model.pinned, model.approved = False, set()

    @rule(change=CHANGES)
    def withdraw(self, change: str) -> None:
        model = self.models[change]
        if self.tried(workflow.withdraw, change, model.proposal):
            model.proposal, model.approved = False, set()
            if not model.window:
                model.state = {"normal": "Assess", "standard": "Draft", "emergency": "Authorise"}[model.type]
                model.pinned = False

    @rule(change=CHANGES)
    def hold_or_release(self, change: str) -> None:
        model = self.models[change]
        action, given = (workflow.release, {}) if model.hold else (workflow.hold, {"reason": "wait"})
        if self.tried(action, change, model.state in OPEN, **given):
            model.hold = not model.hold

    @rule(change=CHANGES)
    def pin(self, change: str) -> None:
        model = self.models[change]
        legal = not model.pinned and model.state in {"Proposed", "Authorise", "Scheduled"}
        legal = legal and (model.proposal or model.window)
        if self.tried(workflow.pin, change, legal):
            model.pinned = True

    @rule(change=CHANGES)
    def start(self, change: str) -> None:
        model = self.models[change]
        if model.window and model.state == "Scheduled":
            self.desk.now = max(self.desk.now, self.starts[change, "window"])
        legal = model.state == "Scheduled" and not model.hold
        legal = legal and self.desk.now < self.starts[change, "window"] + timedelta(hours=1)
        if self.tried(workflow.start, change, legal):
            model.state, model.proposal, model.approved = "Implement", False, set()

    @rule(change=CHANGES, undone=st.booleans())
    def end(self, change: str, undone: bool) -> None:
        model = self.models[change]
        action, given = (workflow.backout, {"reason": "no use"}) if undone else (workflow.finish, {})
        if self.tried(action, change, model.state == "Implement", **given):
            model.state = "Review"

    @rule(change=CHANGES)
    def review(self, change: str) -> None:
        if self.tried(workflow.review, change, self.models[change].state == "Review", note="good"):
            self.models[change].state = "Closed"

    @rule(change=CHANGES, sure=st.integers(0, 3))
    def cancel(self, change: str, sure: int) -> None:
        model = self.models[change]
        if sure == 0 and self.tried(workflow.cancel, change, model.state in OPEN, reason="not needed"):
            self.models[change] = Model(model.type, "Cancelled")

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        for name, model in self.models.items():
            row = self.desk.row(name)
            found = Model(
                model.type,
                row["state"],
                row["window"] is not None,
                row["proposal"] is not None,
                row["on_hold"],
                row["pinned"],
                set(row["approvals"]),
            )
            told = model.window or model.state in {"Implement", "Review", "Closed"}
            assert found == replace(model, window=told), name

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert_replays(self.store)
            self.store.close()
            shutil.rmtree(self.folder)


TestDecisions = Decisions.TestCase
TestDecisions.settings = settings(max_examples=10, stateful_step_count=25, deadline=None, phases=PHASES)
