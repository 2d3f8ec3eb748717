"""Slack's own limits on blocks: how long, how many, which elements are allowed where.

Source: Slack's Block Kit reference (docs.slack.dev/reference/block-kit), checked against what its service answers
in public bug reports. Kept apart from slack_sdk's models on purpose: those let several of these pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace.block_grammar import (
    Check,
    Problems,
    Rule,
    Shape,
    anything,
    flag,
    integer,
    items,
    note,
    one_of,
    string,
    text,
    typed,
)

BLOCKS_PER_MESSAGE = 50
BLOCKS_PER_VIEW = 100
MARKDOWN_CHARACTERS_PER_MESSAGE = 12_000
MOST_OF_A_KIND = {"table": 1, "data_visualization": 2}  # in one message

# Slack has these, but a listener for their choices is outside what this workspace plays; refusing beats pretending.
NOT_OFFERED = frozenset({"external_select", "multi_external_select", "workflow_button", "file_input", "rich_text_input"})
# Drawn by the page as a note only, and not checked beyond where they are allowed.
NOT_JUDGED = (
    "alert card carousel container context_actions data_table data_visualization plan rich_text task_card video file call"
).split()

FORBIDDEN_ON: Mapping[str, frozenset[str]] = {
    "message": frozenset({"alert", "file"}),
    "modal": frozenset({"card", "carousel", "context_actions", "data_visualization", "markdown", "plan", "table", "task_card"}),
    "home": frozenset({"alert", "context_actions", "data_visualization", "markdown", "plan", "table", "task_card"}),
}

_id = string(255, at_least=1)
_style = one_of("primary", "danger")
_url = string(3000, at_least=1)


def _options_or_groups(value: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    if ("options" in value) == ("option_groups" in value):
        note(problems, "must define either `options` or `option_groups`", pointer)


def _initial_is_offered(value: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    offered = offered_options(value)
    chosen = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    for option_chosen in chosen if isinstance(chosen, list) else []:
        if not any(isinstance(option_chosen, dict) and option_chosen.get("value") == option.get("value") for option in offered):
            note(problems, "initial option must exactly match one of the options provided", pointer)


def offered_options(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of an element, those in groups included."""
    holders = [element, *(element.get("option_groups") or [])]
    lists = [holder.get("options") for holder in holders if isinstance(holder, Mapping)]
    return [option for some in lists if isinstance(some, list) for option in some if isinstance(option, dict)]


def _text_or_fields(value: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    if not value.get("text") and not value.get("fields"):
        note(problems, "must define either `text` or `fields`", pointer)


def _image_source(value: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        note(problems, "must define either `image_url` or `slack_file`", pointer)


def _unique_options(value: Mapping[str, Any], pointer: str, problems: Problems) -> None:
    values = [option.get("value") for option in offered_options(value)]
    if len(values) != len(set(map(str, values))):
        note(problems, "option values must be unique", pointer)


CONFIRM = Shape(
    required=("title", "text", "confirm", "deny"),
    fields={
        "title": text(100, "plain_text"),
        "text": text(300),
        "confirm": text(30, "plain_text"),
        "deny": text(30, "plain_text"),
        "style": _style,
    },
)


def _option(*kinds: str, with_url: bool = False) -> Shape:
    fields: dict[str, Check] = {"text": text(75, *kinds), "value": string(150, at_least=1), "description": text(75, *kinds)}
    if with_url:
        fields["url"] = _url
    return Shape(required=("text", "value"), fields=fields)


_PLAIN_OPTION = _option("plain_text")
_ANY_OPTION = _option()
_GROUP = Shape(required=("label", "options"), fields={"label": text(75, "plain_text"), "options": items(_PLAIN_OPTION, 1, 100)})


def _element(required: tuple[str, ...], fields: Mapping[str, Check], *also: Rule) -> Shape:
    common: dict[str, Check] = {"type": anything, "action_id": _id, "confirm": CONFIRM, "focus_on_load": flag}
    return Shape(required=("type", *required), fields={**common, **fields}, also=also)


_placeholder = text(150, "plain_text")
_dispatch = Shape(
    required=("trigger_actions_on",),
    fields={"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 1, 2)},
)


def _select(fields: Mapping[str, Check], *also: Rule) -> Shape:
    return _element((), {"placeholder": _placeholder, **fields}, *also)


def _typed_text(**fields: Check) -> Shape:
    common: dict[str, Check] = {"placeholder": _placeholder, "initial_value": string(3000)}
    common["dispatch_action_config"] = _dispatch
    return _element((), {**common, **fields})


_options = items(_PLAIN_OPTION, 1, 100)
_groups = items(_GROUP, 1, 100)
_several: Mapping[str, Check] = {"max_selected_items": integer(1)}
_judged_options = (_options_or_groups, _initial_is_offered, _unique_options)
_IMAGE = Shape(
    required=("type", "alt_text"),
    fields={"type": anything, "image_url": _url, "slack_file": anything, "alt_text": string(2000, at_least=1)},
    also=(_image_source,),
)

ELEMENTS: Mapping[str, Check] = {
    "button": _element(
        ("text",),
        {
            "text": text(75, "plain_text"),
            "url": _url,
            "value": string(2000),
            "style": _style,
            "accessibility_label": string(75),
        },
    ),
    "overflow": _element(("options",), {"options": items(_option("plain_text", with_url=True), 1, 5)}, _unique_options),
    "static_select": _select({"options": _options, "option_groups": _groups, "initial_option": _PLAIN_OPTION}, *_judged_options),
    "multi_static_select": _select(
        {"options": _options, "option_groups": _groups, "initial_options": items(_PLAIN_OPTION, 1, 100), **_several},
        *_judged_options,
    ),
    "radio_buttons": _element(
        ("options",),
        {"options": items(_ANY_OPTION, 1, 10), "initial_option": _ANY_OPTION},
        _initial_is_offered,
        _unique_options,
    ),
    "checkboxes": _element(
        ("options",),
        {"options": items(_ANY_OPTION, 1, 10), "initial_options": items(_ANY_OPTION, 1, 10)},
        _initial_is_offered,
        _unique_options,
    ),
    "users_select": _select({"initial_user": string()}),
    "channels_select": _select({"initial_channel": string(), "response_url_enabled": flag}),
    "datepicker": _select({"initial_date": string(pattern=r"\d{4}-\d{2}-\d{2}")}),
    "timepicker": _select({"initial_time": string(pattern=r"\d{2}:\d{2}"), "timezone": string()}),
    "plain_text_input": _typed_text(multiline=flag, min_length=integer(0, 3000), max_length=integer(1, 3000)),
    "number_input": _typed_text(is_decimal_allowed=flag, min_value=string(), max_value=string()),
    "email_text_input": _typed_text(),
    "url_text_input": _typed_text(),
    "image": _IMAGE,
}

_CHOOSING = (
    "static_select multi_static_select radio_buttons checkboxes users_select channels_select datepicker timepicker"
).split()
_TYPING = "plain_text_input number_input email_text_input url_text_input".split()
PRESSED = frozenset({"button", "overflow"})  # the elements that hold no value of their own


def _where(*names: str) -> Check:
    return typed({name: ELEMENTS[name] for name in names}, NOT_OFFERED)


def _block(required: tuple[str, ...], fields: Mapping[str, Check], *also: Rule) -> Shape:
    return Shape(required=("type", *required), fields={"type": anything, "block_id": _id, **fields}, also=also)


_context_text = text(3000)


def _context_element(value: object, pointer: str, problems: Problems) -> None:
    is_image = isinstance(value, dict) and value.get("type") == "image"
    (_IMAGE if is_image else _context_text)(value, pointer, problems)


BLOCKS: Mapping[str, Check] = {
    "section": _block(
        (),
        {
            "text": text(3000),
            "fields": items(text(2000), 1, 10),
            "accessory": _where("button", "overflow", "image", *_CHOOSING),
            "expand": flag,
        },
        _text_or_fields,
    ),
    "header": _block(("text",), {"text": text(150, "plain_text"), "level": integer(1, 4)}),
    "divider": _block((), {}),
    "context": _block(("elements",), {"elements": items(_context_element, 1, 10)}),
    "actions": _block(("elements",), {"elements": items(_where("button", "overflow", *_CHOOSING), 1, 25)}),
    "input": _block(
        ("label", "element"),
        {
            "label": text(2000, "plain_text"),
            "hint": text(2000, "plain_text"),
            "element": _where(*_CHOOSING, *_TYPING),
            "optional": flag,
            "dispatch_action": flag,
        },
    ),
    "image": _block(
        ("alt_text",),
        {"image_url": _url, "slack_file": anything, "alt_text": string(2000, at_least=1), "title": text(2000, "plain_text")},
        _image_source,
    ),
    "markdown": _block(("text",), {"text": string(MARKDOWN_CHARACTERS_PER_MESSAGE, at_least=1)}),
    "table": _block(("rows",), {"rows": items(items(anything, 1, 20), 1, 100), "column_settings": items(anything, 0, 20)}),
    **dict.fromkeys(NOT_JUDGED, anything),
}
