"""The names that other programs may rely on, and what loading them brings along."""

import subprocess
import sys
import types

import scheduler


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert scheduler.__all__ == sorted(scheduler.__all__)
    for name in scheduler.__all__:
        value = getattr(scheduler, name)
        assert not isinstance(value, types.ModuleType), f"{name} is a module, not what it is called after"
        assert value.__doc__, f"{name} says nothing about itself"


def test_nothing_else_is_public() -> None:
    # Looked at in a process of its own: here, tests have loaded submodules.
    code = (
        "import scheduler, types;"
        "print([n for n in vars(scheduler) if n[0] != '_' and n not in scheduler.__all__"
        " and not isinstance(getattr(scheduler, n), types.ModuleType)])"
    )
    assert _python(code) == "['TYPE_CHECKING', 'Any']\n"


def test_judging_needs_no_or_tools() -> None:
    code = "import sys; sys.modules['ortools'] = None; from scheduler import load, verify, bill, explain; print('fine')"
    assert _python(code) == "fine\n"


def test_names_that_need_or_tools_are_found_all_the_same() -> None:
    assert _python("from scheduler import plan, solve; print(plan.__name__, solve.__name__)") == "plan solve\n"


def test_functions_are_not_hidden_by_modules_of_their_name() -> None:
    code = "import scheduler.cli; from scheduler import explain, verify; print(callable(explain), callable(verify))"
    assert _python(code) == "True True\n"


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
