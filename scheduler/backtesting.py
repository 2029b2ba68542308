"""The command that replays the past."""

from typing import Annotated

import typer

from scheduler.backtest.usage_only import replay_usage
from scheduler.running import orderly, print_json


def backtest_command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio, or of recorded usage.")],
    usage_only: Annotated[
        bool, typer.Option("--usage-only", help="FOLDER has series.csv and usage_hourly.parquet, and no changes.")
    ] = False,
    every: Annotated[int, typer.Option(metavar="N", min=1, help="Begin in each N-th week only.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Replay the past: what plans made then would have met, beside the habits and an oracle that knew."""
    with orderly():
        told = replay_usage(folder, every)
    if json:
        print_json(told.document())
    else:
        typer.echo(told.text())
