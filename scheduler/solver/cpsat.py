"""CP-SAT on a model in text: here, or in a process that loads nothing else.

Run as a program this file is such a process: it reads models from its standard input and answers on its standard
output until the input ends. It imports no module of its own package, so that it is ready in a fraction of a second,
and it is started by its path, so that nothing of the program that starts it is run again.
"""

import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple

from ortools.sat.python import cp_model_helper

LENGTH = 8
"""Bytes before each message that tell its length."""


class Solved(NamedTuple):
    """What CP-SAT answered: the name of its status, and where it found a solution the values of all variables."""

    status: str
    objective: float
    bound: float
    units: float
    values: list[int]


class Solving:
    """One model with the parameters to solve it with; `stop` may be called from any thread."""

    def __init__(self, text: str, parameters: Mapping[str, Any]) -> None:
        self._model = cp_model_helper.CpModelProto()
        if not self._model.parse_text_format(text):
            raise ValueError("CP-SAT cannot read the model")
        settings = cp_model_helper.SatParameters()
        for name, value in parameters.items():
            setattr(settings, name, value)
        self._wrapper = cp_model_helper.SolveWrapper()
        self._wrapper.set_parameters(settings)

    def run(self) -> Solved:
        """Solve within the limits that the parameters set."""
        response: Any = self._wrapper.solve(self._model)  # type: ignore[no-untyped-call]
        return Solved(
            response.status.name,
            response.objective_value,
            response.best_objective_bound,
            response.deterministic_time,
            list(response.solution),
        )

    def stop(self) -> None:
        """Ask the solver to end with the best it has."""
        self._wrapper.stop_search()


def send(pipe: BinaryIO, message: object) -> None:
    """Write one message with its length before it."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(len(content).to_bytes(LENGTH, "little") + content)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """Read one message; raises EOFError where the other side is gone."""
    head = pipe.read(LENGTH)
    content = pipe.read(int.from_bytes(head, "little")) if len(head) == LENGTH else b""
    if len(head) < LENGTH or len(content) < int.from_bytes(head, "little"):
        raise EOFError("the other side is gone")
    return pickle.loads(content)


def _serve(source: BinaryIO, answers: BinaryIO) -> None:
    """Solve what comes in, one model after another; end at once when whoever asked is gone, even while solving."""
    waiting: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()

    def listen() -> None:
        try:
            while True:
                waiting.put(receive(source))
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        send(answers, tuple(answer(Solving, *waiting.get())))


def answer(make: Callable[[str, Mapping[str, Any]], Solving], text: str, parameters: Mapping[str, Any]) -> Solved:
    """Solve one model; what CP-SAT refuses is answered as MODEL_INVALID."""
    try:
        return make(text, parameters).run()
    except (ValueError, AttributeError, TypeError):
        return Solved("MODEL_INVALID", 0.0, 0.0, 0.0, [])


if __name__ == "__main__":
    # Ctrl-C is for whoever asked, who keeps the best plan and then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(sys.stdin.buffer, sys.stdout.buffer)
