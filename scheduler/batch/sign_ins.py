"""Usage from sign-ins in parts that no single machine holds, counted on a Dask cluster.

Each worker reads parts (Parquet files, under the same path on all) and keeps their different requests; Dask's own
shuffle, which goes on on the workers' disks, brings those of a user together; then each counts its users as one machine
counts all of them. What comes back has a row per team, service and hour.
"""

import importlib
from functools import partial
from pathlib import Path
from typing import Any

from scheduler.batch.cluster import connected
from scheduler.batch.runners import RunnerError
from scheduler.inputs.errors import InputError
from scheduler.inputs.logs import (
    PRESENT,
    REQUESTS,
    SESSION_MINUTES,
    Counted,
    Pairs,
    counted_present,
    present_in,
    requests_in,
    require_columns,
)


def sign_ins_on(address: str, folder: str | Path, pairs: Pairs, *, session_minutes: int = SESSION_MINUTES) -> Counted:
    """Count the users of a log of sign-ins in parts on the cluster at an address, as `sign_in_log` does on one machine.

    Raises
    ------
    InputError
        If the folder has no part, a part lacks a column or cannot be read, or no line can be.
    RunnerError
        If Dask is not installed, no scheduler answers at the address, or its workers are lost.
    """
    if not any(Path(folder).glob("**/*.parquet")):
        raise InputError([f"{folder}: holds no Parquet file; name the folder of the parts"])
    client = connected(address)
    try:
        frames: Any = importlib.import_module("dask.dataframe")
        try:
            parts = frames.read_parquet(str(Path(folder) / "**" / "*.parquet"))
            require_columns(folder, parts.columns, pairs)
            requests = parts.map_partitions(requests_in, pairs, meta=REQUESTS)
            together = requests.shuffle(on=["team", "service", "who"], shuffle_method="p2p")
            count = partial(present_in, session_minutes=session_minutes)
            present = client.compute(together.map_partitions(count, meta=PRESENT)).result()
        except (OSError, ValueError) as error:
            raise InputError([f"{folder}: cannot be read ({str(error).splitlines()[0][:200]})"]) from error
        except RuntimeError as error:  # of a shuffle, or of workers that are gone
            raise RunnerError(
                f"{address}: the cluster could not count them ({error}); see that its workers run"
            ) from error
        return counted_present(folder, present)
    finally:
        client.close(timeout=5)
