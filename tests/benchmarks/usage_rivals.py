"""LightGBM and MSTL as ways to forecast usage, in an environment made for them."""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from usage_ways import AHEAD, HOURS, averaged, by_week, exponential, shape_of_all

from scheduler.backtest.recordings import AHEAD_WEEKS, HISTORY_WEEKS, Floats, Origin

LIBRARIES = ("lightgbm>=4.5,<5", "statsforecast>=2,<3", "numpy")
TEACHING_EVERY = 6
FEATURES = 24
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Rival:
    """The forecasts of a rival, each of shape (series, 336), by data set and Monday, with its CPU seconds."""

    found: dict[Key, Floats]
    per_1000: float
    fit: float = 0.0


def interpreter(folder: Path) -> Path:
    """Give an interpreter that has the libraries; they are installed where the folder has none."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"installing {', '.join(LIBRARIES)}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *LIBRARIES], check=True)
    return python


def key_of(origin: Origin) -> Key:
    return origin.family, origin.monday


def lightgbm(python: Path, known: Sequence[Origin]) -> Rival:
    """Forecast every data set by trees that were taught on the others, from `FEATURES` features of each hour."""
    levels = [np.nanmean(one.past, axis=1, keepdims=True) for one in known]
    levels = [np.where(level > 0, level, 1.0) for level in levels]
    names = sorted({one.family for one in known})
    rows = [len(one.names) * AHEAD_WEEKS * HOURS for one in known]
    answer = _asked(
        python,
        "lightgbm",
        features=np.concatenate([features(one, level) for one, level in zip(known, levels, strict=True)]),
        targets=np.concatenate(
            [(one.ahead / level).ravel().astype(np.float32) for one, level in zip(known, levels, strict=True)]
        ),
        family=np.repeat([names.index(one.family) for one in known], rows),
        teaches=np.repeat([at % TEACHING_EVERY == 0 for at in range(len(known))], rows),
    )
    parts = np.split(answer["found"].astype(np.float64), np.cumsum(rows)[:-1])
    found = {
        key_of(one): np.maximum(part.reshape(level.shape[0], -1) * level, 0.0)
        for one, part, level in zip(known, parts, levels, strict=True)
    }
    return Rival(found, 1000 * float(answer["predict"]) / sum(len(one.names) for one in known), float(answer["fit"]))


def features(origin: Origin, level: Floats) -> Floats:
    """Give the features of every hour ahead, in units of the level of each series; shape (series × 336, 24)."""
    series, weeks = len(origin.names), by_week(origin, False)
    filled = np.where(np.isnan(weeks), averaged(weeks, np.ones(HISTORY_WEEKS))[0][:, None], weeks)
    both = exponential(True, 2.0)(origin)
    last, usual = filled[:, -1].reshape(series, 7, 24).sum(axis=2), filled[:, -5:-1].mean(axis=1)
    of_last_day = last[:, -1] / np.maximum(usual.reshape(series, 7, 24).sum(axis=2)[:, -1], 1e-9)
    day = origin.monday + AHEAD // 24
    year = 2 * np.pi * (day % 365.25) / 365.25

    def ahead(values: Floats) -> Floats:
        return np.tile(values, AHEAD_WEEKS) / level

    def of_series(values: Floats) -> Floats:
        return np.broadcast_to(values[:, None], (series, len(AHEAD)))

    def of_hour(values: Floats) -> Floats:
        return np.broadcast_to(values, (series, len(AHEAD)))

    holiday = origin.holiday_ahead.astype(np.float64)
    found = [
        both / level,
        exponential(False)(origin) / level,
        *(ahead(weeks[:, -ago]) for ago in range(1, 5)),
        ahead(filled[:, -8:].mean(axis=1)),
        ahead(np.median(filled, axis=1)),
        ahead(filled.min(axis=1)),
        ahead(filled.max(axis=1)),
        ahead(filled.std(axis=1)),
        of_hour(AHEAD % 24),
        of_hour(AHEAD // 24 % 7),
        holiday,
        np.pad(holiday, ((0, 0), (24, 0)))[:, :-24],
        np.pad(holiday, ((0, 0), (0, 24)))[:, 24:],
        of_hour(AHEAD // 24),
        of_hour(np.sin(year)),
        of_hour(np.cos(year)),
        np.roll(both, 1, axis=1) / level,
        np.roll(both, -1, axis=1) / level,
        of_series(filled[:, -1].mean(axis=1) / level[:, 0]),
        of_series(of_last_day),
        of_hour(np.tile(shape_of_all(averaged(weeks, np.ones(HISTORY_WEEKS))[0]), AHEAD_WEEKS)),
    ]
    assert len(found) == FEATURES
    return np.stack(found, axis=2).reshape(-1, FEATURES).astype(np.float32)


def mstl(python: Path, known: Sequence[Origin], minutes: float) -> Rival:
    """Forecast as many origins as the minutes allow, data sets in turn, each in an order drawn once."""
    draw = np.random.default_rng(0)
    turns = []
    for family in sorted({one.family for one in known}):
        own = [one for one in known if one.family == family]
        turns += [(turn, family, own[at]) for turn, at in enumerate(draw.permutation(len(own)).tolist())]
    order = [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])]
    filled = [averaged(by_week(one, False), np.ones(HISTORY_WEEKS))[0] for one in order]
    past = np.concatenate(
        [
            np.where(np.isnan(one.past), np.tile(mean, HISTORY_WEEKS), one.past)
            for one, mean in zip(order, filled, strict=True)
        ]
    )
    answer = _asked(python, "mstl", past=past, seconds=np.array(60 * minutes))
    done, begin, found = answer["found"], 0, {}
    for one in order:
        end = begin + len(one.names)
        if end > len(done):
            break
        found[key_of(one)] = done[begin:end]
        begin = end
    return Rival(found, 1000 * float(answer["predict"]) / max(1, len(done)))


def _asked(python: Path, model: str, **given: np.ndarray) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "given.npz"), Path(folder, "found.npz")
        np.savez(source, **given)
        script = Path(__file__).with_name("usage_rival_models.py")
        subprocess.run([python, script, model, source, target], check=True)
        with np.load(target) as arrays:
            return dict(arrays)
