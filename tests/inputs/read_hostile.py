"""Reads every file of a folder (`read_hostile.py FOLDER OPTIONS…`) by `scheduler busy`, in a process for each.

Prints one JSON document: by file, the exit code, what was printed, and what it took (seconds, MiB). The processes are
forked here, where everything is loaded already and nothing else runs.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from scheduler.cli import app


def read(file: Path, options: list[str]) -> dict[str, object]:
    outputs = [file.with_suffix(suffix) for suffix in (".out", ".err")]
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            for number, path in enumerate(outputs, start=1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
            # Whoever needs more than this ends with a MemoryError, and a traceback.
            resource.setrlimit(resource.RLIMIT_DATA, (512 * 2**20, 512 * 2**20))
            app(["busy", str(file), "--json", *options])
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": outputs[0].read_text("utf-8"),
        "err": outputs[1].read_text("utf-8"),
        "seconds": time.monotonic() - begun,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "mib": used.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    found = {one.stem: read(one, sys.argv[2:]) for one in sorted(folder.glob("*.ics"))}
    sys.stdout.write(json.dumps(found))
