"""Ends every text file that is named with exactly one line break; fails if there was anything to mend."""

import sys
from pathlib import Path


def main() -> int:
    """Mend the files named on the command line and give 1 if any needed it."""
    mended = 0
    for path in map(Path, sys.argv[1:]):
        content = path.read_bytes()
        wanted = content.rstrip(b"\r\n") + (b"\r\n" if content.endswith(b"\r\n") else b"\n") if content.strip() else b""
        if content != wanted:
            path.write_bytes(wanted)
            sys.stderr.write(f"{path}: end of file mended\n")
            mended = 1
    return mended


if __name__ == "__main__":
    sys.exit(main())
