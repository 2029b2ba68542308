"""What operations set, in one TOML file and in environment variables (pydantic-settings).

The file is the one that `SCHEDULER_CONFIG` names, else `scheduler.toml` in the working folder, else in the user's
configuration folder, else in /etc/maintenance-window-scheduler. A variable is called `SCHEDULER_` and the name of the
setting, that of its table before it: `SCHEDULER_MAIL__PASSWORD`. A file of such a name in lower case without the prefix
(`mail__password`) does the same in the folder that `SCHEDULER_SECRETS_DIR` names, or that systemd gives a service.
Variables go before such files, these before the TOML file. Secrets show as stars, whoever prints them; no message
about a setting repeats its value.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

APPLICATION, FILE = "maintenance-window-scheduler", "scheduler.toml"
PREFIX, BETWEEN = "SCHEDULER_", "__"
_TABLE = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)
_WORDS = {"extra_forbidden": "there is no such setting", "missing": "is needed"}


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` has every reason, without any value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Mail(BaseModel):
    """How mail is sent; without a host none is."""

    model_config = _TABLE

    host: str = Field(default="", description="Host that takes mail (SMTP); empty: no mail is sent.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="starttls, tls (from the first byte, mostly port 465), or none for a host nearby.",
    )
    user: str = Field(default="", description="Name to sign in with; empty: without signing in.")
    password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    sender: str = Field(default="", alias="from", description="Address that mail comes from.")
    timeout_seconds: float = Field(default=30.0, gt=0, description="How long to wait for an answer.")


class Mailbox(BaseModel):
    """Where answers to mail come in, to be read by `mail read`; without a host they are read from a folder, or not."""

    model_config = _TABLE

    host: str = Field(default="", description="Host of the mailbox (IMAP).")
    port: int = Field(default=993, ge=1, le=65535, description="Its port.")
    security: Literal["tls", "none"] = Field(default="tls", description="tls, or none for a host nearby.")
    user: str = Field(default="", description="Name to sign in with.")
    password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    folder: str = Field(default="INBOX", description="Folder in which answers are.")
    timeout_seconds: float = Field(default=30.0, gt=0, description="How long to wait for an answer.")


class SignIn(BaseModel):
    """How people sign in (OpenID Connect); without a client_id nobody needs to."""

    model_config = _TABLE

    client_id: str = Field(default="", description="What the provider knows this program as; empty: no sign-in.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="The secret that goes with it.")
    server_metadata_url: str = Field(default="", description="The provider's address ending in openid-configuration.")
    redirect_uri: str = Field(default="", description="Address of these pages followed by /oauth2callback.")
    cookie_secret: SecretStr = Field(
        default=SecretStr(""), description="Any 32 random characters or more, kept the same."
    )
    max_age_hours: float = Field(default=12.0, gt=0, description="After how long people sign in again.")


class Batch(BaseModel):
    """Defaults of `scheduler batch`."""

    model_config = _TABLE

    runner: str = Field(default="processes", description="serial, processes, or dask:ADDRESS.")
    processes: int = Field(default=2, ge=1, description="How many portfolios are planned at once by processes.")
    time_limit: float = Field(default=30.0, ge=0, description="Seconds to plan each portfolio for.")
    hard_limit: float | None = Field(
        default=None,
        gt=0,
        description="Seconds after which a portfolio is given up; else three times the former and 120.",
    )
    memory_limit: int | None = Field(
        default=None, gt=0, description="Most memory of one portfolio in MiB; else no limit."
    )
    retries: int = Field(default=3, ge=0, description="How often a portfolio is planned again whose worker was lost.")
    keep_hours: float = Field(
        default=12.0, ge=0, description="For how long what was planned counts as done if nothing was changed."
    )


class Logging(BaseModel):
    """What is logged, and how."""

    model_config = _TABLE

    format: Literal["text", "json"] = Field(default="text", description="text, or json for one object a line.")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is logged.")


class Metrics(BaseModel):
    """Figures for Prometheus."""

    model_config = _TABLE

    route: bool = Field(default=False, description="Whether serve and serve-feeds answer /metrics.")
    textfile: str = Field(default="", description="File that batch writes its figures to, for the node exporter.")


class Doctor(BaseModel):
    """What `scheduler doctor` takes for a fault."""

    model_config = _TABLE

    data_days: float = Field(default=8.0, gt=0, description="Oldest that usage, and the last import, may be in days.")
    free_mib: int = Field(default=500, ge=0, description="Least room on every disk that is written to, in MiB.")
    clock_seconds: float = Field(default=60.0, gt=0, description="Most that the clock may differ from others.")


class Settings(BaseSettings):
    """Every setting; `read_settings` makes it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=BETWEEN,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    store: SecretStr = Field(
        default=SecretStr(""), description="SQLite file of the desk, or URL of its database; --store goes before it."
    )
    public_url: str = Field(
        default="", description="Address at which people reach the server, such as https://m.example.com."
    )
    mail: Mail = Mail()
    mailbox: Mailbox = Mailbox()
    sign_in: SignIn = SignIn()
    batch: Batch = Batch()
    log: Logging = Logging()
    metrics: Metrics = Metrics()
    doctor: Doctor = Doctor()


def settings_file() -> Path | None:
    """Give the file of settings, whether or not it can be read; None where there is none."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        return Path(named)
    places = (Path.cwd(), user_config_path(APPLICATION), Path("/etc") / APPLICATION)
    return next((place / FILE for place in places if (place / FILE).exists()), None)


def secrets_folder() -> Path | None:
    """Give the folder with files of secrets, where one is named."""
    named = os.environ.get(f"{PREFIX}SECRETS_DIR") or os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(named) if named else None


def read_settings(path: str | Path | None = None) -> Settings:
    """Read the settings: those of the environment, and those of a file (else the one `settings_file` gives).

    Raises
    ------
    ConfigurationError
        With everything that is wrong, and nothing that might be secret.
    """
    file = settings_file() if path is None else Path(path)
    content = {} if file is None else _content(file)
    folder = secrets_folder()
    if folder is not None and not folder.is_dir():
        raise ConfigurationError([f"{folder}: the folder of secrets is not there; see {PREFIX}SECRETS_DIR"])

    class Given(Settings):
        """The settings with the sources of this call."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Give variables first, then files of secrets, then the TOML file."""
            given: list[PydanticBaseSettingsSource] = [env_settings]
            if folder is not None:
                given.append(
                    NestedSecretsSettingsSource(
                        file_secret_settings,
                        secrets_dir=folder,
                        secrets_nested_delimiter=BETWEEN,
                        secrets_prefix="",
                    )
                )
            return (*given, InitSettingsSource(settings_cls, content))

    try:
        return Given()
    except ValidationError as error:
        place = str(file) if file is not None else "environment"
        raise ConfigurationError([_said(place, one) for one in error.errors(include_input=False)]) from None
    except SettingsError as error:
        # A variable stands for a whole table, which would be JSON; the text of the error names the table alone.
        table = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "table")
        text = f"environment: {PREFIX}{table.upper()} is no setting; set {PREFIX}{table.upper()}{BETWEEN}NAME"
        raise ConfigurationError([text]) from None


def secret_values(settings: Settings) -> tuple[str, ...]:
    """Give everything that must not be shown, the longest first."""
    found = {value.get_secret_value() for value in _leaves(settings) if isinstance(value, SecretStr)}
    # The place of the store may be told, but for what opens it.
    place = settings.store.get_secret_value()
    found = found - {place} | {_password(place)}
    return tuple(sorted((one for one in found if one), key=lambda one: (-len(one), one)))


def settings_table() -> str:
    """Give every setting as a table in Markdown."""
    rows = ["| table | setting | unless set | meaning |", "| --- | --- | --- | --- |"]
    for table, name, field in _fields():
        rows.append(f"| {table and f'`[{table}]`'} | `{name}` | {_default(field)} | {field.description} |")
    return "\n".join(rows) + "\n"


# --- inside ----------------------------------------------------------------------------------------------------------


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{file}: cannot be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise ConfigurationError([f"{file}: is not text in UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        where = str(error).rpartition("(at ")[2].rstrip(")")
        raise ConfigurationError([f"{file}: is not TOML, at {where}; write name = value, texts in quotes"]) from None


def _said(place: str, error: Mapping[str, Any]) -> str:
    *tables, name = [str(one) for one in error["loc"]]
    # What a check of ours says is its own; pydantic's own words never hold the value.
    text = _WORDS.get(error["type"], error["msg"])
    variable = PREFIX + BETWEEN.join([*tables, name]).upper()
    return f"{place}: {''.join(f'[{table}] ' for table in tables)}{name} (or {variable}): {text}"


def _fields() -> Iterator[tuple[str, str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for inner, one in field.annotation.model_fields.items():
                yield name, one.alias or inner, one
        else:
            yield "", name, field


def _default(field: FieldInfo) -> str:
    value = field.default
    if SecretStr in (field.annotation, *get_args(field.annotation)) or value in ("", None):
        return ""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _leaves(model: BaseModel) -> Iterator[Any]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value)
        else:
            yield value


def _password(place: str) -> str:
    try:
        return urlsplit(place).password or ""
    except ValueError:
        return ""
