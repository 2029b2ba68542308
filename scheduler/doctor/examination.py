"""All checks, in the order in which one would mend what they find."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from scheduler.desk.store import StoreError
from scheduler.doctor.desk import (
    database_clock,
    desk_data_findings,
    folder_findings,
    form_findings,
    newest_entry,
    open_store,
)
from scheduler.doctor.findings import Finding
from scheduler.doctor.machine import disk_findings, settings_findings, version_findings, zone_findings
from scheduler.doctor.network import clock_findings, mail_findings, sign_in_findings
from scheduler.settings import ConfigurationError, Settings, read_settings


def examine(
    store: str | None, folders: Sequence[str] = (), *, usual_store: str = "", now: datetime | None = None
) -> Iterator[Finding]:
    """Look at everything; `store` goes before the one in the settings, and before the usual one where it is there."""
    settings, problem = _settings()
    yield from settings_findings(settings, problem)
    yield from version_findings()
    # What the settings do not say is looked at as if nothing were set.
    settings = settings or Settings.model_construct()
    moment = now or datetime.now(UTC)
    clocks: dict[str, datetime] = {}
    newest: datetime | None = None
    disks: dict[str, Path] = {}
    place = store or settings.store.get_secret_value() or (usual_store if Path(usual_store).is_file() else "")
    if not place:
        yield Finding("database", "off", "there is no desk; make one with: scheduler db upgrade")
    else:
        opened, found = open_store(place)
        yield from found
        if opened is not None:
            with opened:
                forms = list(form_findings(opened))
                yield from forms
                if opened.is_sqlite:
                    disks["the desk"] = Path(str(opened.url.database)).absolute().parent
                if all(one.state == "good" for one in forms):
                    yield from desk_data_findings(opened, settings.doctor.data_days, moment)
                    try:
                        newest, clock = newest_entry(opened), database_clock(opened)
                    except StoreError as error:
                        yield Finding("database", "fault", str(error), "see that it runs")
                        clock = None
                    if clock is not None:
                        clocks["the database"] = clock
    for folder in folders:
        yield from folder_findings(folder, settings.doctor.data_days, moment)
    yield from mail_findings(settings.mail)
    yield from sign_in_findings(settings.sign_in, settings.public_url, clocks)
    # Asked for again: what came before may have taken a while.
    yield from clock_findings(now or datetime.now(UTC), clocks, newest, settings.doctor.clock_seconds)
    yield from zone_findings()
    yield from disk_findings(settings, disks)


def _settings() -> tuple[Settings | None, ConfigurationError | None]:
    try:
        return read_settings(), None
    except ConfigurationError as error:
        return None, error
