"""Inputs of the modal: a choice among documents, a text, and their shape in Slack. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.text import OPTION_AT_MOST, VALUE_AT_MOST, Block, plain_text

OPTIONS_AT_MOST = 50  # far below Slack's 100; nobody reads more


def choice(label: str, value: str) -> Block:
    return {"text": plain_text(label, OPTION_AT_MOST), "value": value}


def select(
    name: str, label: str, candidates: Mapping[str, Block], first: Sequence[str], hint: str = "", *, several: bool = False
) -> list[Block]:
    """A choice among documents, the proposed ones first, so that they stay on a long list. One with a hint may stay empty."""
    usable = {document: option for document, option in candidates.items() if 0 < len(document) <= VALUE_AT_MOST}
    options = [option for _, option in sorted(usable.items(), key=lambda item: item[0] not in first)][:OPTIONS_AT_MOST]
    if not options:
        return []
    chosen = [option for option in options if option["value"] in first]
    element: Block = {"type": "multi_static_select" if several else "static_select", "action_id": name, "options": options}
    if several and chosen:
        element["initial_options"] = chosen
    elif chosen:
        element["initial_option"] = chosen[0]
    return [entry(name, label, element, optional=bool(hint), hint=hint)]


def entry(block_id: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, 150),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain_text(hint)} if hint else block
