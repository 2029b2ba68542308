"""Settings: where they come from, which goes first, and that what is wrong is said without any secret."""

from pathlib import Path

import pytest

from scheduler.settings import ConfigurationError, read_settings, secret_values, settings_file

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ("SCHEDULER_CONFIG", "SCHEDULER_STORE", "SCHEDULER_SECRETS_DIR", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def put(text: str) -> Path:
    path = Path("scheduler.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_is_off() -> None:
    settings = read_settings()
    assert settings_file() is None
    assert (settings.mail.host, settings.sign_in.client_id, settings.metrics.route) == ("", "", False)
    assert secret_values(settings) == ()


def test_a_variable_goes_before_a_secret_file_and_that_before_the_toml_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put('[mail]\nhost = "one"\nuser = "one"\npassword = "one"\nfrom = "plan@example.com"\n[batch]\nprocesses = 5\n')
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "mail__password").write_text("two\n")
    (folder / "mail__user").write_text("two\n")
    (folder / "of_something_else").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    monkeypatch.setenv("SCHEDULER_MAIL__PASSWORD", "three")
    settings = read_settings()
    mail = settings.mail
    assert (mail.host, mail.user, mail.password.get_secret_value()) == ("one", "two", "three")
    assert (mail.sender, settings.batch.processes) == ("plan@example.com", 5)


def test_another_file_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put('public_url = "https://here.example.com"')
    other = tmp_path / "other.toml"
    other.write_text('public_url = "https://there.example.com"')
    monkeypatch.setenv("SCHEDULER_CONFIG", str(other))
    assert read_settings().public_url == "https://there.example.com"
    assert read_settings("scheduler.toml").public_url == "https://here.example.com"
    monkeypatch.setenv("SCHEDULER_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigurationError, match=r"gone\.toml: cannot be read"):
        read_settings()


def test_everything_wrong_is_said_at_once_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    put(
        f'publc_url = "{SECRET}"\n[mail]\nport = "{SECRET}"\nsecurity = "{SECRET}"\npasword = "{SECRET}"\n'
        f'[sign_in]\nclient_secret = ["{SECRET}"]\nmax_age_hours = -1\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        read_settings()
    problems = caught.value.problems
    assert len(problems) == 6
    told = "scheduler.toml: [mail] pasword (or SCHEDULER_MAIL__PASWORD): there is no such setting"
    assert any(one.endswith(told) for one in problems)
    assert any("[mail] port" in one for one in problems)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[mail]\npassword = "{SECRET}', "is not TOML, at"),
        (f"[mail]\npassword = {SECRET}\n", "is not TOML, at"),
        ("\ud800", "is not text"),
    ],
)
def test_a_broken_file_is_said_without_its_content(text: str, words: str) -> None:
    Path("scheduler.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_settings()
    assert SECRET not in str(caught.value)


def test_a_variable_for_a_whole_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER_MAIL", SECRET)
    with pytest.raises(ConfigurationError, match="SCHEDULER_MAIL is no setting; set SCHEDULER_MAIL__NAME") as caught:
        read_settings()
    assert SECRET not in str(caught.value)


def test_secrets_show_as_stars_and_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER_MAIL__PASSWORD", SECRET)
    monkeypatch.setenv("SCHEDULER_STORE", "postgresql://planner:open-sesame@db/desk")
    settings = read_settings()
    assert secret_values(settings) == (SECRET, "open-sesame")
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in shown
        assert "open-sesame" not in shown
