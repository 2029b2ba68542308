"""Answers about a plan that are worked out once, for as long as the plan is shown."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from .review import Plan

T = TypeVar("T")


def per_plan(function: Callable[[Plan], T]) -> Callable[[Plan], T]:
    """Work `function(plan)` out once for every plan; whoever asks meanwhile waits for the same answer."""
    answers: WeakKeyDictionary[Plan, T] = WeakKeyDictionary()
    lock = threading.RLock()

    @wraps(function)
    def once(plan: Plan) -> T:
        with lock:
            if plan not in answers:
                answers[plan] = function(plan)
            return answers[plan]

    return once
