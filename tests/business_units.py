"""Small portfolios to plan many of: good ones, and one for each way in which a portfolio can be bad."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from small_plan import CHANGES, usage, write_portfolio

ROWS = 30_000_000


def good(folder: Path, number: int = 0) -> Path:
    """A portfolio that plans in a moment; those of different numbers differ in what an hour costs."""
    write_portfolio(folder, usage=usage().replace(",50\n", f",{50 + number}\n"))
    return folder


def unreadable(folder: Path) -> Path:
    """A portfolio whose table of changes is none."""
    write_portfolio(folder, changes="change;title\nA;\x00\n")
    return folder


def infeasible(folder: Path) -> Path:
    """A portfolio in which two changes exclude each other and must be over in the same two hours."""
    # Their reserved lengths are an hour and a half each, and there is no start before the first of March.
    due = "2027-03-01T02:00Z"
    changes = CHANGES.replace("app,60,90,,", f"app,60,90,{due},").replace("db,60,90,,", f"db,60,90,{due},")
    assert changes.count(due) == 2
    return write_portfolio(folder, changes=changes)


def huge(folder: Path) -> Path:
    """A portfolio with thirty million rows of usage, that take no room in the file."""
    write_portfolio(folder)
    (folder / "usage.csv").unlink()
    start = np.full(ROWS, np.datetime64("2027-02-06T00:00", "us"))
    names = [pa.DictionaryArray.from_arrays(pa.array(np.zeros(ROWS, np.int8)), [one]) for one in ("blue", "app")]
    table = pa.table({"team": names[0], "service": names[1], "start": start, "users": np.ones(ROWS, np.int8)})
    pq.write_table(table, folder / "usage.parquet")
    return folder


def scheduler(*arguments: str | Path, hold: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a person or cron does; the process that plans the portfolio `hold` is made to stand still."""
    command = [sys.executable, "-m", "scheduler.cli", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=os.environ | variables) as running:
        held = not hold
        while not held and running.poll() is None:
            for child in children(running.pid):
                if hold in child.cmdline():
                    child.suspend()
                    held = True
            time.sleep(0.05)
        out, error = running.communicate()
    return subprocess.CompletedProcess(command, running.returncode, out, error)


def children(of: int | None = None) -> list[psutil.Process]:
    """Give the processes that plan portfolios for a process, by default this one."""
    found = []
    for one in psutil.Process(of).children(recursive=True):
        with suppress(psutil.Error):
            if "scheduler.batch.child" in one.cmdline():
                found.append(one)
    return found
