"""The settings as commands use them: what the file says stands where an option or a variable says nothing."""

from collections.abc import Mapping
from typing import Any

import typer

from scheduler.running import refuse
from scheduler.settings import ConfigurationError, Settings, read_settings

SAYS_ITSELF = "doctor"
"""The command that lists what is wrong with the settings, and so is not stopped by it."""


def use_settings(context: typer.Context) -> None:
    """Read the settings before any command; options such as --store take their defaults from them."""
    if context.resilient_parsing or context.invoked_subcommand == SAYS_ITSELF:
        return
    settings = settings_or_refuse()
    given = {"store": settings.store.get_secret_value(), "public_url": settings.public_url}
    given = {name: value for name, value in given.items() if value}
    if given:
        context.default_map = _defaults(context.command, given)


def settings_or_refuse() -> Settings:
    """Read the settings; what is wrong with them ends the program with every reason."""
    try:
        return read_settings()
    except ConfigurationError as error:
        refuse(error.problems)


def _defaults(command: Any, given: Mapping[str, str]) -> dict[str, Any]:
    """Give the values to every command below a group that has options of these names."""
    found: dict[str, Any] = {}
    for name, inner in getattr(command, "commands", {}).items():
        found[name] = _defaults(inner, given)
        for option in inner.params:
            if option.name in given:
                found[name][option.name] = given[option.name]
                # Help would show it, password and all.
                option.show_default = False
    return found
