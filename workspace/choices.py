"""Turns what a person picked or typed into the values Slack hands to the app, and checks what Slack's client checks.

Values are made from the elements the app posted, never from what the page claims an element to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workspace import blocks
from workspace.block_limits import PRESSED, offered_options
from workspace.refusal import Json

_SINGLE = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
}
_OPTION = frozenset({"static_select", "radio_buttons", "overflow"})
_OPTIONS = frozenset({"multi_static_select", "checkboxes"})
_DATE, _TIME = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"\d{2}:\d{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class NotOffered(ValueError):
    """The page named an option that the app did not offer."""


def chosen(element: Mapping[str, Any], given: object) -> Json:
    """The value of an element: `given` is an option's value, a list of them, or text; None is nothing chosen.

    Raises NotOffered for an option that is not there.
    """
    kind = element["type"]
    if kind in _OPTION:
        return {"selected_option": None if given in (None, "") else _option(element, given)}
    if kind in _OPTIONS:
        wanted = given if isinstance(given, list) else []
        return {"selected_options": [_option(element, option) for option in wanted]}
    if kind in _SINGLE:
        return {_SINGLE[kind][0]: str(given) if given else None}
    if kind == "button":
        return {}
    return {"value": str(given) if given not in (None, "") else None}


def _option(element: Mapping[str, Any], value: object) -> Json:
    for option in offered_options(element):
        if option.get("value") == value:
            return option
    raise NotOffered(f"{value!r} is not offered by {element.get('action_id')}")


def _initial(element: Mapping[str, Any]) -> object:
    """What an element holds before anybody touched it, in the terms of `chosen`."""
    kind = element["type"]
    if kind in _OPTION:
        return (element.get("initial_option") or {}).get("value")
    if kind in _OPTIONS:
        return [option["value"] for option in element.get("initial_options") or []]
    if kind in _SINGLE:
        return element.get(_SINGLE[kind][1])
    return element.get("initial_value")


def state_values(posted: Sequence[Json], inputs: Mapping[str, Mapping[str, object]]) -> Json:
    """`state.values` of a message or view: every element that holds a value, untouched ones with their first.

    `inputs` is by block_id and action_id. Raises NotOffered.
    """
    values: Json = {}
    for block in posted:
        for element in blocks.elements(block):
            if "action_id" not in element or element["type"] in PRESSED:
                continue
            block_id, action_id = block["block_id"], element["action_id"]
            touched = inputs.get(block_id, {})
            given = touched[action_id] if action_id in touched else _initial(element)
            values.setdefault(block_id, {})[action_id] = {"type": element["type"], **chosen(element, given)}
    return values


def left_wrong(posted: Sequence[Json], values: Json) -> dict[str, str]:
    """What Slack's own client would object to before anything is sent: a sentence by block_id."""
    wrong = {}
    for block in posted:
        if block["type"] != "input":
            continue
        element = block["element"]
        held = values[block["block_id"]][element["action_id"]]
        value = next(value for name, value in held.items() if name != "type")
        if not value:
            if not block.get("optional"):
                wrong[block["block_id"]] = "Please complete this required field."
        elif sentence := _misfit(element, value):
            wrong[block["block_id"]] = sentence
    return wrong


def _misfit(element: Mapping[str, Any], value: Any) -> str:
    kind = element["type"]
    if kind == "plain_text_input" and len(value) < element.get("min_length", 0):
        return f"Please write at least {element['min_length']} characters."
    if kind == "plain_text_input" and len(value) > element.get("max_length", 3000):
        return f"Please write at most {element.get('max_length', 3000)} characters."
    if kind == "email_text_input" and not _EMAIL.fullmatch(value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not value.startswith(("https://", "http://")):
        return "Please enter a valid address, beginning with https://."
    if kind == "number_input" and not _NUMBER.fullmatch(value):
        return "Please enter a number."
    if kind == "datepicker" and not _DATE.fullmatch(value):
        return "Please enter a day as YYYY-MM-DD."
    if kind == "timepicker" and not _TIME.fullmatch(value):
        return "Please enter a time as HH:MM."
    return ""
