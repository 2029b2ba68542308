"""A hash of everything that a plan depends on, the same for the same content wherever and however it is stored."""

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.inputs.pairs import Codes, coded
from scheduler.portfolio import Portfolio

# Filled in after loading, or of no influence on the plan.
_LEFT_OUT = ("warnings", "content_hash", "folder", "folder_hash", "usage", "known_users", "_memo", "_carried")

_IN_JSON = (str, int, bool, float, type(None))


def content_hash(portfolio: Portfolio) -> str:
    """Give the SHA-256 of a portfolio's content, `now` and usage included, in hexadecimal.

    The order of rows counts only where it has a meaning: among changes (the order of the baselines) and decisions.
    """
    digest = hashlib.sha256()
    content = {one.name: _plain(getattr(portfolio, one.name)) for one in fields(portfolio) if one.name not in _LEFT_OUT}
    content["order of changes"] = list(portfolio.changes)
    content["dependencies"] = sorted(content["dependencies"], key=str)
    digest.update(json.dumps(content, sort_keys=True, ensure_ascii=True).encode())
    _add_usage(digest, portfolio.usage)
    for pair, users in sorted((portfolio.known_users or {}).items()):
        digest.update(json.dumps(pair).encode())
        digest.update(np.ascontiguousarray(users, dtype="<i8").tobytes())
    return digest.hexdigest()


def _plain(value: object) -> Any:
    """Turn a value into what JSON can hold, sets in order."""
    if type(value) in _IN_JSON:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (Fraction, Enum)):
        return str(value)
    return value


def _add_usage(digest: Any, usage: pd.DataFrame) -> None:
    names = [_in_order(usage[column]) for column in ("team", "service")]
    start = np.asarray(usage["start"].astype("datetime64[ns, UTC]").astype("int64"), dtype=np.int64)
    order = _order(names[0][0], names[1][0], start)
    for codes, values in names:
        digest.update(json.dumps(values).encode())
        digest.update(np.ascontiguousarray(codes[order], dtype="<i8"))
    del names
    digest.update(np.ascontiguousarray(start[order], dtype="<i8"))
    del start
    digest.update(np.ascontiguousarray(usage["minutes"].to_numpy()[order], dtype="<i8"))
    users = usage["users"].to_numpy(dtype=np.float64)[order]
    # Adding 0 makes one zero of two; NaN has many bit patterns.
    digest.update(np.where(np.isnan(users), -1.0, users + 0.0).astype("<f8", copy=False))


def _in_order(column: "pd.Series[Any]") -> tuple[Codes, list[str]]:
    """Give the texts that occur in a column, sorted, and for each row the position of its text."""
    codes, texts = coded(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    values = sorted(texts[code] for code in np.flatnonzero(counts))
    position = {text: number for number, text in enumerate(values)}
    # The last number is for rows without a text, whose code is -1.
    return np.array([*(position.get(text, -1) for text in texts), -1], dtype=np.int32)[codes], values


def _order(team: Codes, service: Codes, start: npt.NDArray[np.int64]) -> Codes | slice:
    """Give the order of rows by team, service and start, as they mostly come."""
    ahead = np.diff(start) >= 0
    for codes in (service, team):
        step = np.diff(codes)
        ahead = (step > 0) | ((step == 0) & ahead)
    return slice(None) if ahead.all() else np.lexsort((start, service, team))
