"""The command that replays the past."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from scheduler.backtest.replay import Replayed, replay_portfolio
from scheduler.backtest.usage_only import UsageReplay, replay_usage
from scheduler.inputs import load
from scheduler.running import orderly, print_json

PICTURES = (".svg", ".png")


def _picture_path(path: str | None) -> str | None:
    if path is not None and Path(path).suffix.lower() not in PICTURES:
        raise typer.BadParameter(f"{path} ends in none of {', '.join(PICTURES)}")
    return path


def backtest_command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio, or of recorded usage.")],
    usage_only: Annotated[
        bool, typer.Option("--usage-only", help="FOLDER has series.csv and usage_hourly.parquet, and no changes.")
    ] = False,
    every: Annotated[int, typer.Option(metavar="N", min=1, help="Begin in each N-th week only.")] = 1,
    weeks: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Plan N weeks ahead, what can start in them; else all.")
    ] = None,
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds to plan each week for.")] = 10.0,
    deterministic: Annotated[
        float | None, typer.Option(metavar="UNITS", min=0.0, help="Units of work instead of seconds.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    picture: Annotated[
        str | None, typer.Option(metavar="FILE", callback=_picture_path, help="Draw the weeks: .svg or .png.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Replay the past: what plans made then would have met, beside the habits and an oracle that knew."""
    if usage_only and picture is not None:
        raise typer.BadParameter("a picture needs a portfolio", param_hint="--picture")
    with orderly():
        if usage_only:
            told: Replayed | UsageReplay = replay_usage(folder, every)
        else:
            replayed = replay_portfolio(
                load(folder),
                weeks=weeks,
                every=every,
                time_limit=time_limit,
                units=deterministic,
                seed=seed,
                progress=lambda text: typer.echo(text, err=True),
            )
            if picture is not None:
                _draw(replayed, picture)
            told = replayed
    if json:
        print_json(told.document())
    else:
        typer.echo(told.text())


def _draw(told: Replayed, path: str) -> None:
    # Drawing needs a lot, and in a checkout lies beside the package.
    drawing = importlib.import_module("scheduler.ui.past_picture")
    Path(path).write_bytes(drawing.past_picture(told, Path(path).suffix.lower()))
    typer.echo(f"written to {path}", err=True)
