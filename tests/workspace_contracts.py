"""Slack's own descriptions of its answers and payloads, where they lie beside the checkout; else the tests skip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

FOLDER = Path(__file__).parents[1].parent / "shared" / "contracts" / "slack"
ABSENT = "Slack's contracts are not in ../shared/contracts; put them there to check the practice workspace against them"
needs_contracts = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

# Fields that today's Slack returns and its archived description (2021) does not know; each is in the captured
# samples or in the current method pages.
NEWER_MESSAGE_FIELDS = ("app_id", "metadata", "edited")


def sample(name: str) -> dict[str, Any]:
    """A captured payload or answer; its values are blanked, its keys are real."""
    held: dict[str, Any] = json.loads((FOLDER / "samples" / f"{name}.json").read_text())
    return held


def validator(method: str) -> Draft4Validator:
    """Slack's schema of a method's answer, with its known faults mended.

    Alternatives are written there as a list under "items" of something that is no array, where they would check
    nothing: here they are read as anyOf, which is stricter.
    """
    described = json.loads((FOLDER / "web-api-openapi.json").read_text())
    operation = next(iter(described["paths"][f"/{method}"].values()))
    definitions = _mended(described["definitions"])
    for name in NEWER_MESSAGE_FIELDS:
        definitions["objs_message"]["properties"][name] = {}
    for user in definitions["objs_user"]["anyOf"]:
        user["properties"]["is_email_confirmed"] = {"type": "boolean"}  # in the captured samples
    schema = _mended(operation["responses"]["200"]["schema"])
    _known_faults(method, schema)
    return Draft4Validator({**schema, "definitions": definitions})


def _known_faults(method: str, schema: dict[str, Any]) -> None:
    properties = schema["properties"]
    if method == "chat.update":  # it calls blocks an object; they are a list everywhere else
        properties["message"] = {"$ref": "#/definitions/objs_message"}
    if method == "conversations.replies":  # it forbids what every message has, such as blocks and bot_id
        properties["messages"] = {"type": "array", "items": {"$ref": "#/definitions/objs_message"}}
        properties["response_metadata"] = {}
    if method == "conversations.history":  # an empty channel has no messages, and pages have a cursor
        del properties["messages"]["minItems"]
        properties["channel_actions_ts"] = {}
        properties["response_metadata"] = {}
    if method in ("users.info", "users.lookupByEmail"):
        schema["additionalProperties"] = False  # nothing unknown, though the description would let it pass
    if method == "api.test":  # it says that every other field is an object, and args is one
        properties["args"] = {"type": "object"}


def _mended(node: Any) -> Any:
    if isinstance(node, list):
        return [_mended(item) for item in node]
    if not isinstance(node, dict):
        return node
    mended = {name: _mended(value) for name, value in node.items() if name != "description" or isinstance(value, dict)}
    if isinstance(mended.get("items"), list) and mended.get("type") != "array":
        mended["anyOf"] = mended.pop("items")
    return mended
