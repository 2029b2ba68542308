"""The protocol run on a folder of recordings, as a document and in words."""

from dataclasses import dataclass
from pathlib import Path

from scheduler.backtest.protocol import REGIMES, TEAMS, replay
from scheduler.backtest.recordings import HISTORY_WEEKS, origins, read_recordings
from scheduler.backtest.scores import QuietHabits, Score, quiet_habits, scores
from scheduler.backtest.weekly import forecast
from scheduler.inputs import InputError

_TITLES = {
    "any": "any hour",
    "offhours": "outside office hours",
    "staffed": "in staffed hours",
    REGIMES[3]: f"{TEAMS} teams, staffed hours",
}


@dataclass(frozen=True, slots=True)
class UsageReplay:
    """What the forecast would have won on recorded usage, by regime."""

    scores: dict[str, Score]
    cpu_seconds_per_1000: float
    quiet: QuietHabits
    series: int
    replayed: int
    origins: int

    def document(self) -> dict[str, object]:
        """Give the answer as a document."""
        return {
            "regimes": {name: _figures(one) for name, one in self.scores.items()},
            "cpu_seconds_per_1000": round(self.cpu_seconds_per_1000, 4),
            "quiet_habits": {"trials": self.quiet.trials, "excess": round(self.quiet.excess, 6)},
            "series": self.series,
            "series_replayed": self.replayed,
            "origins": self.origins,
        }

    def text(self) -> str:
        """Give the answer in words."""
        head = ["window", "recovered", "used", "habit", "oracle", "choices"]
        rows = [
            [
                _TITLES[name],
                f"{one.share:.1%}",
                *(f"{use:.3f}" for use in (one.use, one.habit_use, one.oracle_use)),
                f"{one.trials:,}",
            ]
            for name, one in self.scores.items()
        ]
        widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
        lines = [
            f"{self.replayed} of {self.series} series replayed at {self.origins:,} Mondays; use in mean hours of each "
            "series, data sets weighing the same.",
            "",
        ]
        for row in [head, *rows]:
            cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join([row[0].ljust(widths[0]), *cells]))
        lines += [
            "",
            "Recovered: of what hindsight would have saved over the habit (Sunday 02:00; staffed: Friday until 19:00).",
            f"The forecast takes {self.cpu_seconds_per_1000:.2f} s of CPU for 1000 series.",
        ]
        if self.quiet.trials:
            lines.append(
                f"Where the habit had been quiet, the choice used {self.quiet.excess:+.4f} mean hours beyond it "
                f"({self.quiet.trials:,} choices)."
            )
        return "\n".join(lines)


def _figures(one: Score) -> dict[str, object]:
    figures = {
        "share": one.share,
        "use": one.use,
        "habit_use": one.habit_use,
        "oracle_use": one.oracle_use,
        "pooled_share": one.pooled,
    }
    families = {name: round(share, 6) for name, share in one.families.items()}
    return {name: round(value, 6) for name, value in figures.items()} | {"trials": one.trials, "families": families}


def replay_usage(folder: str | Path, every: int = 1) -> UsageReplay:
    """Run the protocol of `scheduler.backtest.protocol` on a folder, from each Monday or each `every`-th.

    Raises
    ------
    InputError
        Where the folder cannot be used, or holds nothing long enough to replay.
    """
    recordings = read_recordings(folder)
    found = origins(recordings, every)
    if not found:
        weeks = HISTORY_WEEKS + 1
        raise InputError([f"{folder}: no series has {weeks} weeks, half of them recorded; there is nothing to replay"])
    told = replay(found, forecast)
    replayed = len({(origin.family, name) for origin in found for name in origin.names})
    mondays = sum(len(origin.names) for origin in found)
    quiet = quiet_habits(told.trials)
    return UsageReplay(scores(told.trials), told.cpu_seconds_per_1000, quiet, len(recordings), replayed, mondays)
