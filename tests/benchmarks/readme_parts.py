"""The parts of the README that measurements write, each with the command that makes it again."""

import re

from cases import ROOT

README = ROOT / "README.md"
BEFORE = "## Limits"
HEAD = "## How it scales"
PARTS = {
    "scale": (
        "Companies from `data/generate.py` with 50 (S), 500 (M), 2,000 (L) and 5,000 (XL) changes over 4, 8, 13 and\n"
        "26 weeks, on two cores; medians over the seeds. `plain` has the impact of the expected length alone, `full`\n"
        "all rules and chances. Seconds count from the start of planning; for XL the first plan counts from after\n"
        "compiling. The gap is proved: (cost − bound) / cost. So that no constant of the generator can flatter it,\n"
        "what is left of the way from first come, first served down to the bound stands beside it.",
        "`python tests/benchmarks/scale.py` measures it case by case, going on where it was stopped, and\n"
        "`python tests/benchmarks/scale.py --readme` writes the table; `--growth FILE.svg` draws the growth.",
    ),
    "textbook": (
        "What the plan of family S costs as a multiple of what the textbook model over the whole horizon found in the\n"
        "same time, median and worst over the seeds; – where the textbook model had no plan yet on most seeds:",
        "`python tests/benchmarks/textbook.py` measures it, `--readme` writes the table.",
    ),
    "foreign": (
        "Problems of other people's shapes, as documents for `scheduler solve-problem`, 60 seconds each:",
        "`python tests/benchmarks/foreign.py` measures it, `--readme` writes the table.",
    ),
}


def write_part(name: str, table: str) -> None:
    """Replace a table of the README; where it has none yet, add it with its text at the end of its section."""
    text = README.read_text(encoding="utf-8")
    part = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    if part.search(text):
        text = part.sub(lambda _: table, text, count=1)
    else:
        before, after = PARTS[name]
        head = "" if HEAD in text else f"{HEAD}\n\n"
        added = f"{head}{before}\n\n<!-- {name} -->\n{table}<!-- end -->\n\n{after}\n\n"
        text = text.replace(f"\n{BEFORE}\n", f"\n{added}{BEFORE}\n", 1)
    README.write_text(text, encoding="utf-8")
