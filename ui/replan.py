"""Planning anew in a process of its own: it can be followed, ended early with the best plan so far, or given up.

The folder of the plan is written by that process, all at once or not at all, so whatever becomes of it there is always
one whole plan.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

from scheduler.desk.runs import RunPoint
from scheduler.publish.read_back import SCHEDULE

State = Literal["running", "done", "given up", "infeasible", "refused"]
# What `plan` answers with; anything else is a failure whose last words are shown.
_DONE, _INFEASIBLE = 0, 3
_MOST_WORDS = 50


class Replan:
    """One run of `plan PORTFOLIO --out OUT`; `before` is the content of the plan that it replaces."""

    def __init__(self, portfolio: Path, out: Path, seconds: float, before: Mapping[str, Any] | None) -> None:
        self.seconds, self.before = seconds, before
        self.reports: list[RunPoint] = []
        self.words: list[str] = []
        self.answer: Mapping[str, Any] = {}
        """What `--json` says where no schedule obeys every rule: what cannot hold together, and what would help."""
        self._given_up = False
        command = [sys.executable, "-m", "scheduler.cli", "plan", str(portfolio), "--out", str(out)]
        command += ["--time-limit", str(seconds), "--progress", "json", "--json"]
        if before and before["placements"]:
            command += ["--previous", str(out / SCHEDULE)]
        answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who reads it
        # In a session of its own it does not hear the Ctrl-C that ends the server, which ends it itself.
        self._process = subprocess.Popen(
            command, stdout=answer, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True
        )
        assert self._process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=[self._process.stderr, answer], daemon=True)
        self._reader.start()

    @property
    def state(self) -> State:
        """Tell what became of the run."""
        code = self._process.poll()
        if code is None:
            return "running"
        self._reader.join()
        if self._given_up:
            return "given up"
        return "done" if code == _DONE else "infeasible" if code == _INFEASIBLE else "refused"

    def wait(self, seconds: float) -> None:
        """Wait until the run has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            If it has not after some seconds.
        """
        self._process.wait(seconds)

    def finish(self) -> None:
        """Ask for an early end that keeps the best plan so far."""
        self._process.terminate()

    def give_up(self) -> None:
        """End at once; nothing is written."""
        if self._process.poll() is None:
            self._given_up = True
            self._process.kill()
            self._process.wait()

    def _read(self, course: IO[str], answer: IO[bytes]) -> None:
        with course, answer:
            for line in course:
                try:
                    self.reports.append(RunPoint(**json.loads(line)))
                except (ValueError, TypeError):
                    if line.strip():
                        self.words = [*self.words[-_MOST_WORDS:], line.strip()]
            if self._process.wait() == _INFEASIBLE:
                answer.seek(0)
                self.answer = json.loads(answer.read())
