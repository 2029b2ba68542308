"""Reads notices with circuit-maintenance-parser: JSON {name: text} in, {name: [notice, …]} out.

It is run by the Python of an environment of its own, as that library needs an older icalendar than ours.
"""

import json
import sys

from circuit_maintenance_parser import NotificationData, init_provider


def notices(text: str) -> list[dict[str, object]]:
    data = NotificationData.init_from_raw("ical", text.encode())
    found = init_provider().get_maintenances(data)
    return [json.loads(one.to_json()) for one in found]


if __name__ == "__main__":
    json.dump({name: notices(text) for name, text in json.load(sys.stdin).items()}, sys.stdout)
