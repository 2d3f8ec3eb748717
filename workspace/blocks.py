"""Judges the blocks of a message, a modal or a home tab as Slack would, and completes them as Slack does.

A bot that passes here is meant to pass there: lengths and counts, which blocks are allowed on which surface, ids
that must not repeat, and the rules across a whole view. Nothing is drawn here; the page does that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from workspace import block_limits as limits
from workspace.block_grammar import Check, Problems, note, string, text, typed
from workspace.refusal import Json, Refusal

_BLOCK = typed(limits.BLOCKS)
VIEW_BYTES = 250_000
_WITHOUT_ACTION_ID = frozenset({"image", "mrkdwn", "plain_text"})
_VIEW_FIELDS: Mapping[str, Check] = {
    "title": text(24, "plain_text"),
    "submit": text(24, "plain_text"),
    "close": text(24, "plain_text"),
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}


def message_blocks(given: object, make_id: Callable[[], str]) -> list[Json]:
    """The blocks of a message, completed. Raises Refusal: invalid_blocks_format or invalid_blocks."""
    blocks = parsed(given)
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refusal("invalid_blocks_format")
    problems = problems_of(blocks, "message", "/blocks")
    if problems:
        raise Refusal("invalid_blocks", problems=problems)
    return completed(blocks, make_id)


def view(given: object, kind: str, make_id: Callable[[], str]) -> Json:
    """A modal or home tab (`kind`), completed. Raises Refusal invalid_arguments with what is wrong."""
    held = parsed(given)
    if not isinstance(held, dict):
        raise Refusal("invalid_arguments", problems=["must provide an object [json-pointer:/view]"])
    problems = view_problems(held, kind)
    if problems:
        raise Refusal("invalid_arguments", problems=problems)
    if len(json.dumps(held).encode()) > VIEW_BYTES:
        raise Refusal("view_too_large")
    return {**deepcopy(held), "blocks": completed(held["blocks"], make_id)}


def view_problems(held: Mapping[str, Any], kind: str) -> Problems:
    """What Slack would object to in a view."""
    problems: Problems = []
    for name in ("type", "title", "blocks") if kind == "modal" else ("type", "blocks"):
        if name not in held:
            note(problems, f"missing required field: {name}", "/view")
    if "type" in held and held["type"] != kind:
        note(problems, f"value must be one of: {kind}", "/view/type")
    for name, check in _VIEW_FIELDS.items():
        if held.get(name) is not None:
            check(held[name], f"/view/{name}", problems)
    blocks = held.get("blocks")
    if "blocks" in held and not isinstance(blocks, list):
        note(problems, "must provide an array", "/view/blocks")
    if isinstance(blocks, list):
        problems += problems_of(blocks, kind, "/view/blocks")
        for number, block in enumerate(blocks):
            if kind == "modal" and not held.get("submit") and isinstance(block, dict) and block.get("type") == "input":
                note(problems, "must define `submit` to use `input` block", f"/view/blocks/{number}/input")
    return problems


def problems_of(blocks: list[Any], surface: str, pointer: str) -> Problems:
    """What Slack would object to in the blocks of a "message", "modal" or "home"."""
    problems: Problems = []
    most = limits.BLOCKS_PER_MESSAGE if surface == "message" else limits.BLOCKS_PER_VIEW
    if len(blocks) > most:
        note(problems, f"no more than {most} items allowed", pointer)
    for number, block in enumerate(blocks[:most]):
        here = f"{pointer}/{number}"
        before = len(problems)
        _BLOCK(block, here, problems)
        if len(problems) == before and block["type"] in limits.FORBIDDEN_ON[surface]:
            note(problems, f"unsupported type: {block['type']}", f"{here}/type")
    _unique_block_ids(blocks, pointer, problems)
    _unique_action_ids(blocks, pointer, problems)
    _whole_message(blocks, pointer, problems)
    return problems


def _unique_block_ids(blocks: list[Any], pointer: str, problems: Problems) -> None:
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str) and block_id in seen:
            note(problems, f"`block_id` {block_id} already exists", f"{pointer}/{number}/block_id")
        if isinstance(block_id, str):
            seen.add(block_id)


def _unique_action_ids(blocks: list[Any], pointer: str, problems: Problems) -> None:
    for number, block in enumerate(blocks):
        seen: set[str] = set()
        for element in elements(block) if isinstance(block, dict) else ():
            action_id = element.get("action_id")
            if isinstance(action_id, str) and action_id in seen:
                note(problems, f"`action_id` {action_id} already exists in this block", f"{pointer}/{number}/elements")
            if isinstance(action_id, str):
                seen.add(action_id)


def _whole_message(blocks: list[Any], pointer: str, problems: Problems) -> None:
    typed_blocks = [block for block in blocks if isinstance(block, dict)]
    markdown = sum(len(str(block.get("text", ""))) for block in typed_blocks if block.get("type") == "markdown")
    most = limits.MARKDOWN_CHARACTERS_PER_MESSAGE
    if markdown > most:
        note(problems, f"markdown blocks must be less than {most + 1} characters in all", pointer)
    for kind, most_of_it in limits.MOST_OF_A_KIND.items():
        if sum(block.get("type") == kind for block in typed_blocks) > most_of_it:
            much = f"only one {kind} is allowed" if most_of_it == 1 else f"no more than {most_of_it} {kind} blocks allowed"
            note(problems, much, pointer)


def elements(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What can be pressed, chosen or filled in within a block, at any depth."""
    inside = block.get("elements") if block.get("type") in ("actions", "context") else None
    for child in [*(inside if isinstance(inside, list) else []), block.get("accessory"), block.get("element")]:
        if isinstance(child, dict):
            yield child


def find_element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    """The element that a person used, as the app posted it."""
    for block in blocks:
        if block.get("block_id") == block_id:
            return next((element for element in elements(block) if element.get("action_id") == action_id), None)
    return None


def completed(blocks: list[Json], make_id: Callable[[], str]) -> list[Json]:
    """A copy with what Slack adds: missing ids, and the flags of each text object."""
    done = deepcopy(blocks)
    for block in done:
        block["block_id"] = block.get("block_id") or make_id()
        for element in elements(block):
            if element.get("type") not in _WITHOUT_ACTION_ID:
                element["action_id"] = element.get("action_id") or make_id()
        _complete_texts(block)
    return done


def _complete_texts(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _complete_texts(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text" and isinstance(value.get("text"), str):
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        else:
            for item in value.values():
                _complete_texts(item)


def text_characters(value: object) -> int:
    """How long all texts in some blocks are together."""
    if isinstance(value, list):
        return sum(text_characters(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    rest = (item for name, item in value.items() if name != "text" or not isinstance(item, str))
    return (len(own) if isinstance(own, str) else 0) + sum(text_characters(item) for item in rest)


def parsed(given: object) -> object:
    """Form bodies carry JSON as text."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return None
