"""What a machine reaches: the server that takes mail, the one that people sign in with; and what time others have."""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from scheduler.doctor.findings import Finding
from scheduler.publish.sending import MailError, connected, in_words
from scheduler.settings import Mail, SignIn

PATIENCE_SECONDS = 10.0
MOST_BYTES = 2**20
SHORTEST_SECRET = 32
WELL_KNOWN, CALLBACK = "/.well-known/openid-configuration", "/oauth2callback"
NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


def mail_findings(mail: Mail) -> Iterator[Finding]:
    """Connect to the server that takes mail and sign in, as sending does; nothing is sent."""
    check = "mail"
    if not mail.host:
        yield Finding(check, "off", "no host that takes mail is set")
        return
    if "@" not in mail.sender:
        mend = "set [mail] from to the address that mail comes from"
        yield Finding(check, "fault", "mail has no address that it comes from", mend)
    if mail.user and mail.security == "none" and not _nearby(mail.host):
        mend = "set [mail] security to starttls or tls"
        yield Finding(check, "fault", "the password for mail would cross the network in the clear", mend)
        return
    where = f"{mail.host}:{mail.port}"
    try:
        with connected(
            mail.model_copy(update={"timeout_seconds": min(mail.timeout_seconds, PATIENCE_SECONDS)})
        ) as client:
            client.noop()
    except smtplib.SMTPAuthenticationError as error:
        yield Finding(
            check, "fault", f"{where} does not let us in: {in_words(error)}", "correct [mail] user and password"
        )
    except smtplib.SMTPNotSupportedError as error:
        mend = "set [mail] security to what it offers, or leave user empty where it takes mail without"
        yield Finding(check, "fault", f"{where} cannot do what is asked: {error}", mend)
    except ssl.SSLError as error:
        mend = "set [mail] security as it wants (port 465: tls, 587: starttls), and host as its certificate has it"
        yield Finding(check, "fault", f"{where}: no secure connection ({error.reason or error})", mend)
    except (OSError, smtplib.SMTPException, MailError) as error:
        mend = "see that [mail] host and port are right, that it runs, and that no firewall is between"
        yield Finding(check, "fault", f"{where} does not answer: {in_words(error)}", mend)
    else:
        yield Finding(check, "good", f"{where} answers" + (f" and lets {mail.user} in" if mail.user else ""))


def sign_in_findings(sign_in: SignIn, public_url: str, clocks: dict[str, datetime]) -> Iterator[Finding]:
    """Look at what signing in needs, and ask the provider what it offers; its clock is put into `clocks`."""
    check = "sign-in"
    if not sign_in.client_id:
        yield Finding(check, "off", "no provider is set; the pages are for this machine alone")
        return
    wrong = list(_settings_wrong(sign_in, public_url))
    yield from wrong
    if not sign_in.server_metadata_url:
        return
    address = sign_in.server_metadata_url
    mend = "see that [sign_in] server_metadata_url is right, and that this machine reaches it"
    try:
        found, date = _fetched(address)
    except (OSError, ValueError) as error:
        yield Finding(check, "fault", f"{address}: {_words(error)}", mend)
        return
    if date is not None:
        clocks["the provider of sign-in"] = date
    missing = [name for name in NEEDED if not found.get(name)]
    if missing:
        yield Finding(check, "fault", f"{address} is no description of a provider: {', '.join(missing)} missing", mend)
    elif not address.startswith(str(found["issuer"]).rstrip("/")):
        said = f"{address} speaks for another provider ({found['issuer']})"
        yield Finding(check, "fault", said, "use the address of the provider itself")
    elif not wrong:
        yield Finding(check, "good", f"{found['issuer']} answers")


def clock_findings(
    now: datetime, clocks: Mapping[str, datetime], newest: datetime | None, most: float
) -> Iterator[Finding]:
    """Compare the clock with those of others, and with the newest entry of the desk."""
    check, mend = "clock", "set the clock, and keep it right with NTP (timedatectl set-ntp true)"
    wrong = False
    for whose, time in clocks.items():
        ahead = (now - time).total_seconds()
        if abs(ahead) > most:
            wrong = True
            how = f"{abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} that of {whose}"
            yield Finding(check, "fault", f"the clock is {how}", mend)
    if newest is not None and (newest - now).total_seconds() > most:
        wrong = True
        yield Finding(check, "fault", f"the desk has an entry of {newest:%Y-%m-%d %H:%M} UTC, in the future", mend)
    if not wrong:
        compared = ", ".join([*clocks, *(["the newest entry of the desk"] if newest else [])])
        yield Finding(check, "good", f"{now:%Y-%m-%d %H:%M:%S} UTC; compared with {compared or 'no other'}")


def _settings_wrong(sign_in: SignIn, public_url: str) -> Iterator[Finding]:
    check = "sign-in"
    cookie, secret = (one.get_secret_value() for one in (sign_in.cookie_secret, sign_in.client_secret))
    if not secret:
        yield Finding(check, "fault", "client_secret is missing", "set SCHEDULER_SIGN_IN__CLIENT_SECRET")
    if len(cookie) < SHORTEST_SECRET:
        mend = "python -c 'import secrets; print(secrets.token_hex(32))' makes one for SCHEDULER_SIGN_IN__COOKIE_SECRET"
        yield Finding(check, "fault", f"cookie_secret has fewer than {SHORTEST_SECRET} characters", mend)
    if not sign_in.server_metadata_url:
        mend = f"set it to the provider's address followed by {WELL_KNOWN}"
        yield Finding(check, "fault", "server_metadata_url is missing", mend)
    parts = urlsplit(sign_in.redirect_uri)
    wanted = f"{public_url.rstrip('/') or 'https://HOST'}{CALLBACK}"
    if parts.path != CALLBACK or (public_url and sign_in.redirect_uri != wanted):
        mend = f"set it to {wanted}, here and at the provider"
        yield Finding(check, "fault", "redirect_uri does not lead back to these pages", mend)


def _fetched(address: str) -> tuple[Mapping[str, Any], datetime | None]:
    if urlsplit(address).scheme not in ("https", "http"):
        raise ValueError("is no address such as https://login.example.com" + WELL_KNOWN)
    request = urllib.request.Request(address, headers={"accept": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        content, date = answer.read(MOST_BYTES), answer.headers.get("date")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("what it answers is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("what it answers is no JSON object")
    try:
        told = parsedate_to_datetime(date).astimezone(UTC) if date else None
    except ValueError:
        told = None
    return found, told


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answers {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"does not answer ({error.reason})"
    return str(error) or type(error).__name__


def _nearby(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
