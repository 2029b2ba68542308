"""Asks another program to read the words of vendors: circuit-maintenance-parser, in a Python of its own.

That library needs an older icalendar than this program, so it is not installed beside it, and nothing is lost without
it. Its process gets what was sent, and nothing else: no variables, no arguments of users.
"""

import base64
import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scheduler.inputs.notices import Notice, NoticeError, NoticeStatus
from scheduler.portfolio import Impact

PATIENCE_SECONDS = 120.0
_SCRIPT = """
import base64, json, sys
from circuit_maintenance_parser import NotificationData, get_provider_class_from_sender, init_provider

def read(one):
    content, name = base64.b64decode(one["content"]), one["provider"]
    if one["kind"] == "email":
        data = NotificationData.init_from_email_bytes(content)
        if not name:
            import email.message, email.policy
            message = email.message_from_bytes(content, policy=email.policy.default)
            sender = message["From"].addresses[0].addr_spec
            return get_provider_class_from_sender(sender)().get_maintenances(data)
    else:
        data = NotificationData.init_from_raw(one["kind"], content)
    return init_provider(name).get_maintenances(data)

def parts(one):
    # What parts of a notice say by themselves, where the library misses others.
    content, found = base64.b64decode(one["content"]), []
    for processor in init_provider(one["provider"])._processors:
        for parser in processor.data_parsers:
            if one["kind"] in parser.get_data_types():
                try:
                    found += parser().parse(content, one["kind"])
                except Exception:
                    continue
    return [each for each in found if {"start", "end", "maintenance_id"} <= each.keys()]

def dumped(one):
    try:
        return [json.loads(each.to_json()) for each in read(one)]
    except Exception:
        found = parts(one) if one["provider"] else []
        if not found:
            raise
        missing = {"provider": one["provider"], "account": "", "circuits": [], "status": "CONFIRMED"}
        plain = lambda value: getattr(value, "value", None) or value.__dict__
        return json.loads(json.dumps([missing | each for each in found], default=plain))

found = {}
for key, one in json.load(sys.stdin).items():
    try:
        found[key] = {"notices": dumped(one)}
    except Exception as error:
        found[key] = {"error": f"{type(error).__name__}: {error}"[:300]}
json.dump(found, sys.stdout)
"""


def read_with_parser(
    python: str | Path, contents: Mapping[str, bytes], provider: str = ""
) -> dict[str, list[Notice] | NoticeError]:
    """Read mails and web pages by name, with the interpreter that has the library; give notices, or why there are none.

    `provider` is the library's name of the vendor, needed for web pages; a mail says by its sender who it is from.

    Raises
    ------
    NoticeError
        If the program cannot be run at all.
    """
    asked = {
        name: {
            "kind": "html" if content.lstrip()[:1] == b"<" else "email",
            "provider": provider,
            "content": base64.b64encode(content).decode(),
        }
        for name, content in contents.items()
    }
    command = [str(python), "-I", "-W", "ignore", "-c", _SCRIPT]
    given = json.dumps(asked)
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
            env={},
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise NoticeError(f"{python} does not run circuit-maintenance-parser ({type(error).__name__})") from error
    return {name: _read(answer.get(name, {})) for name in contents}


def _read(answer: Mapping[str, Any]) -> list[Notice] | NoticeError:
    try:
        return [_notice(one) for one in answer["notices"]]
    except (KeyError, TypeError, ValueError) as error:
        return NoticeError(str(answer.get("error", error))[:300])


def _notice(one: Mapping[str, Any]) -> Notice:
    objects = tuple((str(each["circuit_id"]), Impact(each["impact"])) for each in one["circuits"])
    status: NoticeStatus = one["status"] if one["status"] in ("TENTATIVE", "CANCELLED", "COMPLETED") else "CONFIRMED"
    start, end = (datetime.fromtimestamp(one[name], UTC) for name in ("start", "end"))
    if end <= start:
        raise ValueError("it ends before it starts")
    return Notice(
        provider=str(one["provider"]),
        account=str(one["account"]),
        id=str(one["maintenance_id"]),
        uid=str(one.get("uid") or ""),
        sequence=int(one["sequence"]) if one.get("sequence") is not None else -1,
        status=status,
        impact=max([each for _, each in objects], key=list(Impact).index, default=Impact.OUTAGE),
        objects=objects,
        start=start,
        end=end,
        summary=str(one.get("summary") or ""),
        organizer=str(one.get("organizer") or "").removeprefix("mailto:"),
    )
