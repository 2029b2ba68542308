"""A what-if under way: its process, and what came of it. It belongs to the visit that asked."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scheduler.desk.asking import Question
from scheduler.desk.store import Store
from scheduler.inputs.tables import utc_text

READING = 5.0
"""Seconds that are reckoned with before the planning itself begins."""


class Asking:
    """One question that was put; `answer` is None until there is one, or `words` say why there is none."""

    def __init__(self, store: Store, question: Question, words: str, *, seconds: float, now: datetime) -> None:
        self.question, self.words, self.seconds = question, words, seconds
        self.answer: Mapping[str, Any] | None = None
        self.failed = ""
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scheduler.desk.asking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        request = {
            "store": store.url.render_as_string(hide_password=False),
            "kind": question.kind,
            "what": question.what,
            "start": None if question.start is None else utc_text(question.start),
            "seconds": seconds,
            "now": utc_text(now),
        }
        threading.Thread(target=self._follow, args=(json.dumps(request).encode(),), daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Tell whether there is an answer, or will be none."""
        return self.answer is not None or bool(self.failed)

    @property
    def share(self) -> float:
        """How much of the time that it may take is over: two plans, one after the other."""
        return min(1.0, (time.monotonic() - self._begun) / (READING + 2 * self.seconds))

    def stop(self) -> None:
        """End it with the plans found so far."""
        self._process.terminate()

    def _follow(self, request: bytes) -> None:
        try:
            output, _ = self._process.communicate(request)
            answer = json.loads(output)
        except (OSError, ValueError):
            self.failed = "the process that planned it ended without an answer"
            return
        if "refused" in answer:
            self.failed = str(answer["refused"])
        else:
            self.answer = answer
