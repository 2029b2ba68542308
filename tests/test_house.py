"""The house: which module may import which, how long files may be, and that every law and reader has its test."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from scheduler.costs import COSTS
from scheduler.rules import RULES

ROOT = Path(__file__).parents[1]
PACKAGES = ("scheduler", "ui")
PRINTING = (
    "batch_command",
    "cli",
    "desk_commands",
    "doctor_command",
    "feed_commands",
    "import_command",
    "mail_commands",
    "notice_commands",
    "replan_commands",
    "running",
    "saying_commands",
    "serve_commands",
    "store_commands",
)
# Data flows one way: a module may import those of its own row and of the rows above.
LINE = [
    {"horizon", "journal", "metrics", "settings", "wording"},
    {"portfolio", "carried", "standing", "schedule", "law"},
    {"inputs"},
    {"demand"},
    {"rules", "costs"},
    {"verify"},
    {"solver"},
    {"baselines", "explain", "explanation", "ruled_out", "summary", "backtest"},
    {"desk"},
    {"publish"},
    {"batch", "doctor"},
    {"ui"},
    {*PRINTING, "backtesting", "batch_display", "configured", "usage_commands", "console", "lengths"},
]
ROW = {name: number for number, names in enumerate(LINE) for name in names}
PROBLEM = "scheduler.solver.problem"
NAMERS_OF_PROBLEM = {"law", "rules", "costs"}


@dataclass(frozen=True)
class Import:
    """One module named by another; `for_types` where only type checkers see it."""

    importer: str
    target: str
    line: int
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: {self.target}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imports_of(name: str) -> Iterator[Import]:
    """Every import of a module, those inside functions too; `from package import module` names the module."""

    def walk(node: ast.AST, for_types: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno, for_types)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # only ui may: it is carried under another name in the wheel
                package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *filter(None, [base])]
                )
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(name, inner if inner in MODULES else base, node.lineno, for_types)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from walk(child, True)
            for child in node.orelse:
                yield from walk(child, for_types)
        else:
            for child in ast.iter_child_nodes(node):
                yield from walk(child, for_types)

    yield from walk(ast.parse(MODULES[name].read_text("utf-8")), False)


IMPORTS = {name: list(imports_of(name)) for name in MODULES}


def part_of(module: str) -> str | None:
    """The name in the line that a module of ours belongs to; None for the package itself and for libraries."""
    first, *rest = module.split(".")
    if first == "ui":
        return "ui"
    return rest[0] if first == "scheduler" and rest else None


def test_every_module_has_its_place() -> None:
    parts = {name: part_of(name) for name in MODULES}
    strangers = [name for name, part in parts.items() if part is not None and part not in ROW]
    assert not strangers
    assert not {Path(name.replace(".", "/")).name for name in MODULES} & {"utils", "helpers", "core", "base"}


def test_imports_only_point_back_along_the_line() -> None:
    wrong = []
    for name, found in IMPORTS.items():
        part = part_of(name)
        for one in found:
            target = part_of(one.target)
            if part is None or target is None:
                continue
            named_only = one.for_types and one.target == PROBLEM and part in NAMERS_OF_PROBLEM
            if ROW[target] > ROW[part] and not named_only:
                wrong.append(str(one))
    assert not wrong, "\n".join(wrong)


def test_modules_do_not_import_in_circles() -> None:
    graph = {
        name: {one.target for one in found if one.target in MODULES and one.target != name and not one.for_types}
        for name, found in IMPORTS.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, with the circle


def test_laws_name_the_problem_for_types_only() -> None:
    wrong = [
        str(one)
        for name, found in IMPORTS.items()
        for one in found
        if part_of(name) in NAMERS_OF_PROBLEM
        and part_of(one.target) == "solver"
        and not (one.for_types and one.target == PROBLEM)
    ]
    assert not wrong, "\n".join(wrong)


def test_or_tools_stays_inside_the_solver() -> None:
    users = {one.importer for found in IMPORTS.values() for one in found if one.target.split(".")[0] == "ortools"}
    assert users, "nobody imports OR-Tools: the test looks in the wrong place"
    assert not [name for name in users if not name.startswith("scheduler.solver.")]


def reached_from(module: str) -> set[str]:
    """Every module that importing a module loads, packages on the way included; the top package has no code."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        parents = {name.rsplit(".", depth)[0] for depth in range(1, name.count("."))}
        if name in reached:
            continue
        reached.add(name)
        waiting += parents & MODULES.keys()
        waiting += [one.target for one in IMPORTS.get(name, []) if not one.for_types]
    return reached


def test_verify_reaches_no_solver() -> None:
    reached = reached_from("scheduler.verify")
    assert "scheduler.rules.blackout" in reached
    assert not [name for name in reached if name.split(".")[0] == "ortools" or name.startswith("scheduler.solver")]
    assert "scheduler.solver.problem" in reached_from("scheduler.solver.solve")


@pytest.mark.parametrize(("folder", "most"), [("scheduler", 350), ("ui", 350), ("data", 350), ("tests", 500)])
def test_files_stay_short(folder: str, most: int) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > most}


@pytest.mark.parametrize("part", ["rules", "costs", "inputs"])
def test_every_law_and_reader_has_its_test(part: str) -> None:
    modules = {path.stem for path in (ROOT / "scheduler" / part).glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / part).glob("test_*.py")}
    assert modules
    assert not modules - tested
    assert not tested - modules, "a test of something that is gone"


@pytest.mark.parametrize(("part", "laws"), [("rules", RULES), ("costs", COSTS)])
def test_the_list_holds_every_law_once(part: str, laws: tuple[object, ...]) -> None:
    files = {f"scheduler.{part}.{path.stem}" for path in (ROOT / "scheduler" / part).glob("*.py")}
    # Rules and costs share no type; what may be overridden is posted for the file that defines it.
    homes = [(getattr(law, "strict", None) or getattr(law, "post")).__module__ for law in laws]  # noqa: B009
    assert sorted(homes) == sorted(files - {f"scheduler.{part}.__init__"})
    names = [getattr(law, "name") for law in laws]  # noqa: B009
    assert len(set(names)) == len(names)


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{name}, line {node.lineno}"
        for name, path in MODULES.items()
        if name.removeprefix("scheduler.") not in PRINTING
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printing


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error", "pytest." + "skip")
    folders = ("scheduler", "ui", "data", "tests")
    left = [
        f"{path.relative_to(ROOT)}: {mark}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for mark in marks
        if mark in path.read_text("utf-8")
    ]
    assert not left
