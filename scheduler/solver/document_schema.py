"""What a document of a canonical problem holds, as a JSON schema."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_SLOTS, MOST_NUMBER = 100_000, 10**12

ROW = {
    "description": "a number for every slot: one whole number, a list, or {'runs': [[number, slots], ...]}",
    "anyOf": [
        {"type": "integer"},
        {"type": "array"},
        {"type": "object", "required": ["runs"], "properties": {"runs": {"type": "array"}},
         "additionalProperties": False},
    ],
}  # fmt: skip
_NAME = {"type": "string", "minLength": 1}
_WHOLE = {"type": "integer", "minimum": 0, "maximum": MOST_NUMBER}
_SHIFT = {"type": "integer", "minimum": -MOST_SLOTS, "maximum": MOST_SLOTS}
_OFFSET = {"type": "integer", "minimum": 0, "maximum": MOST_SLOTS}


def _tuple(*items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(items), "minItems": len(items), "maxItems": len(items)}


def _object(required: Sequence[str], description: str = "", **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Canonical problem",
    "description": "Choose a start slot for every change so that the cost is least. Costs are whole and never "
    "negative. Slots past the end cost nothing and take nothing; what must end inside needs starts that say so.",
    **_object(
        ["slots", "changes"],
        slots={"type": "integer", "minimum": 1, "maximum": MOST_SLOTS},
        changes=_list(
            _object(
                ["id"],
                "a change takes one start or, where it has a drop price, none",
                id=_NAME,
                starts=_list(_tuple(_SHIFT, _SHIFT))
                | {"description": "half-open ranges of slots that it may start in; absent: anywhere"},
                cost=ROW | {"title": "price of every start"},
                drop_price=_WHOLE | {"description": "price of leaving it out; absent: it must be placed"},
                tie_rank=ROW | {"title": "of starts that cost the same, the one with the lowest rank is taken"},
            )
        ),
        resources=_list(
            _object(
                ["capacity", "uses"],
                "in every slot that something is taken in, what is taken stays within the capacity",
                rule={"type": "string"},
                label={"type": "string"},
                capacity=ROW,
                uses=_list(_tuple(_NAME, _WHOLE, _OFFSET, _WHOLE))
                | {"description": "[change, amount, offset, length]: taken for length slots from start + offset on"},
            )
        ),
        lags=_list(
            _object(
                ["before", "after", "lo"],
                "start of after − start of before lies in [lo, hi]; after placed implies before placed",
                rule={"type": "string"},
                before=_NAME,
                after=_NAME,
                lo=_SHIFT,
                hi=_SHIFT | {"description": "absent: no end"},
            )
        ),
        cells=_list(
            _object(
                ["weight", "members"],
                "a price per slot, paid once while any member is active",
                weight=ROW,
                members=_list(_tuple(_NAME, _OFFSET, _WHOLE)) | {"description": "[change, offset, length]"},
            )
        ),
        budgets=_list(
            _object(
                ["cells", "period", "limit"],
                "in every period, active pairs of a cell and a slot stay within the limit",
                rule={"type": "string"},
                label={"type": "string"},
                cells=_list(_WHOLE) | {"description": "numbers of cells, the first is 0"},
                period=ROW | {"title": "the period that a slot is in, from 0; −1: none"},
                limit=_list(_WHOLE) | {"description": "one number for every period"},
            )
        ),
        caps=_list(
            _object(
                ["limit", "amounts"],
                "what the starts taken count for adds up to no more than the limit",
                rule={"type": "string"},
                label={"type": "string"},
                limit=_WHOLE,
                amounts={
                    "type": "object",
                    "additionalProperties": ROW,
                    "description": "by change: what each start counts for",
                },
            )
        ),
    ),
}
