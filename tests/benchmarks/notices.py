"""Tells how many real notices of vendors can be read: calendars by us, mails and pages by another program, if given.

`python tests/benchmarks/notices.py FOLDER [--parser PYTHON]`: FOLDER holds files as vendors sent them in a folder for
each vendor, PYTHON is an interpreter with circuit-maintenance-parser. A notice counts as read where its windows are
among those of an expected result beside it (NAME*_result*.json), or, without one, where it has windows at all.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from scheduler.inputs.notice_parser import read_with_parser
from scheduler.inputs.notices import Notice, NoticeError, read_notices


def expected(path: Path) -> set[tuple[int, int]]:
    """Give the windows that the results beside a notice state."""
    found = set()
    for other in path.parent.glob(f"{path.name.split('.')[0]}*_result*.json"):
        entries = json.loads(other.read_text("utf-8"))
        found |= {(one["start"], one["end"]) for one in entries if "start" in one and "end" in one}
    return found


def right(path: Path, notices: list[Notice]) -> bool:
    """Tell whether the windows of notices are those that were expected."""
    windows = {(int(one.start.timestamp()), int(one.end.timestamp())) for one in notices}
    return bool(windows) and windows <= (expected(path) or windows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parser")
    given = parser.parse_args()
    files = [path for path in sorted(given.folder.rglob("*")) if path.is_file()]
    kinds: dict[str, Counter[str]] = {"calendar": Counter(), "mail": Counter(), "page": Counter()}
    asked: dict[str, dict[str, bytes]] = {}
    for path in files:
        if path.suffix in (".json", ".txt", ".xlsx"):
            continue
        content = path.read_bytes()
        kind = "page" if path.suffix == ".html" else "mail" if path.suffix == ".eml" else "calendar"
        kinds[kind]["files"] += 1
        try:
            notices, _ = read_notices(content)
            kinds[kind]["read by us"] += right(path, notices)
        except NoticeError:
            asked.setdefault(path.parent.name, {})[str(path)] = content
    if given.parser:
        for provider, contents in asked.items():
            for name, answer in read_with_parser(given.parser, contents, provider).items():
                kind = "page" if name.endswith(".html") else "mail"
                if isinstance(answer, NoticeError):
                    print(f"not read: {name.rpartition('/')[2]}: {str(answer).splitlines()[0]}")
                else:
                    kinds[kind]["read by the other program"] += right(Path(name), answer)
    for kind, counts in kinds.items():
        print(f"{kind}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    words = kinds["mail"] + kinds["page"]
    read = words["read by us"] + words["read by the other program"]
    print(f"mails and pages read: {read} of {words['files']} ({100 * read // max(1, words['files'])} %)")


if __name__ == "__main__":
    main()
