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
import pandas as pd

from scheduler.portfolio import Portfolio

# Filled in after loading, or of no influence on the plan.
_LEFT_OUT = ("warnings", "content_hash", "folder", "folder_hash", "usage", "known_users", "_memo")


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
    names = [pd.factorize(usage[column], sort=True) for column in ("team", "service")]
    start = usage["start"].astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    order = np.lexsort((start, names[1][0], names[0][0]))
    for codes, values in names:
        digest.update(json.dumps(list(values)).encode())
        digest.update(np.ascontiguousarray(codes[order], dtype="<i8"))
    del names
    digest.update(np.ascontiguousarray(start[order], dtype="<i8"))
    del start
    digest.update(np.ascontiguousarray(usage["minutes"].to_numpy()[order], dtype="<i8"))
    users = usage["users"].to_numpy(dtype=np.float64)[order]
    # Adding 0 makes one zero of two; NaN has many bit patterns.
    digest.update(np.where(np.isnan(users), -1.0, users + 0.0).astype("<f8", copy=False))
