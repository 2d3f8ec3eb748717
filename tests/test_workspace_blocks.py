"""Each of Slack's limits on blocks: accepted at the limit, refused one above it, with Slack's pointer to the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from workspace_bot import Json, a_modal, plain, section

from workspace.blocks import completed, problems_of, view_problems


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Press"), "action_id": "press", **more}


def options(number: int) -> list[Json]:
    return [{"text": plain(f"Option {place}"), "value": str(place)} for place in range(number)]


def buttons(number: int) -> list[Json]:
    return [button(action_id=f"press-{place}") for place in range(number)]


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def with_accessory(element: Json) -> Json:
    return {**section("Text"), "accessory": element}


def field(**element: Any) -> Json:
    held = {"type": "plain_text_input", "action_id": "text", **element}
    return {"type": "input", "label": plain("Label"), "element": held}


def confirm(**more: Json) -> Json:
    return button(confirm={"title": plain("T"), "text": plain("T"), "confirm": plain("Y"), "deny": plain("N"), **more})


def choosing(kind: str, number: int) -> Json:
    return {"type": kind, "action_id": "choose", "options": options(number)}


# What is limited, the limit, a block of that size, where Slack points when it is one more.
LIMITS: list[tuple[str, int, Callable[[int], Json], str]] = [
    ("section text", 3000, lambda size: section("x" * size), "/text/text"),
    ("field text", 2000, lambda size: {"type": "section", "fields": [mrkdwn("x" * size)]}, "/fields/0/text"),
    ("fields", 10, lambda size: {"type": "section", "fields": [mrkdwn("x")] * size}, "/fields"),
    ("header", 150, lambda size: {"type": "header", "text": plain("x" * size)}, "/text/text"),
    ("block_id", 255, lambda size: {"type": "divider", "block_id": "x" * size}, "/block_id"),
    ("context elements", 10, lambda size: {"type": "context", "elements": [mrkdwn("x")] * size}, "/elements"),
    ("action elements", 25, lambda size: actions(*buttons(size)), "/elements"),
    ("button text", 75, lambda size: actions(button(text=plain("x" * size))), "/elements/0/text/text"),
    ("button value", 2000, lambda size: actions(button(value="x" * size)), "/elements/0/value"),
    ("button url", 3000, lambda size: actions(button(url="x" * size)), "/elements/0/url"),
    ("action_id", 255, lambda size: actions(button(action_id="x" * size)), "/elements/0/action_id"),
    ("accessible label", 75, lambda size: actions(button(accessibility_label="x" * size)), "/elements/0/accessibility_label"),
    ("confirm title", 100, lambda size: actions(confirm(title=plain("x" * size))), "/elements/0/confirm/title/text"),
    ("confirm text", 300, lambda size: actions(confirm(text=mrkdwn("x" * size))), "/elements/0/confirm/text/text"),
    ("confirm yes", 30, lambda size: actions(confirm(confirm=plain("x" * size))), "/elements/0/confirm/confirm/text"),
    ("confirm no", 30, lambda size: actions(confirm(deny=plain("x" * size))), "/elements/0/confirm/deny/text"),
    ("overflow options", 5, lambda size: with_accessory(choosing("overflow", size)), "/accessory/options"),
    ("select options", 100, lambda size: with_accessory(choosing("static_select", size)), "/accessory/options"),
    ("radio options", 10, lambda size: with_accessory(choosing("radio_buttons", size)), "/accessory/options"),
    ("checkbox options", 10, lambda size: with_accessory(choosing("checkboxes", size)), "/accessory/options"),
    (
        "option text",
        75,
        lambda size: with_accessory({**choosing("overflow", 0), "options": [{"text": plain("x" * size), "value": "1"}]}),
        "/accessory/options/0/text/text",
    ),
    (
        "option value",
        150,
        lambda size: with_accessory({**choosing("overflow", 0), "options": [{"text": plain("x"), "value": "x" * size}]}),
        "/accessory/options/0/value",
    ),
    ("placeholder", 150, lambda size: field(placeholder=plain("x" * size)), "/element/placeholder/text"),
    ("first text", 3000, lambda size: field(initial_value="x" * size), "/element/initial_value"),
    ("label", 2000, lambda size: {**field(), "label": plain("x" * size)}, "/label/text"),
    ("hint", 2000, lambda size: {**field(), "hint": plain("x" * size)}, "/hint/text"),
    ("markdown", 12_000, lambda size: {"type": "markdown", "text": "x" * size}, "/text"),
    (
        "alt text",
        2000,
        lambda size: {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "x" * size},
        "/alt_text",
    ),
    ("table rows", 100, lambda size: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * size}, "/rows"),
    ("table cells", 20, lambda size: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * size]}, "/rows/0"),
]


@pytest.mark.parametrize(("limit", "block", "pointer"), [limit[1:] for limit in LIMITS], ids=[limit[0] for limit in LIMITS])
def test_a_limit_is_met_but_not_passed(limit: int, block: Callable[[int], Json], pointer: str) -> None:
    assert [] == problems_of([block(limit)], "message", "/blocks")
    refused = problems_of([block(limit + 1)], "message", "/blocks")
    assert any(problem.endswith(f"[json-pointer:/blocks/0{pointer}]") for problem in refused), refused


def test_a_message_takes_fifty_blocks_and_a_view_a_hundred() -> None:
    assert [] == problems_of([{"type": "divider"}] * 50, "message", "/blocks")
    assert ["no more than 50 items allowed [json-pointer:/blocks]"] == problems_of(
        [{"type": "divider"}] * 51, "message", "/blocks"
    )
    assert [] == problems_of([{"type": "divider"}] * 100, "modal", "/view/blocks")
    refused = problems_of([{"type": "divider"}] * 101, "modal", "/view/blocks")
    assert ["no more than 100 items allowed [json-pointer:/view/blocks]"] == refused


def test_markdown_and_tables_are_counted_over_the_whole_message() -> None:
    half = {"type": "markdown", "text": "x" * 6000}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert [] == problems_of([half, half], "message", "/blocks")
    assert 1 == len(problems_of([half, half, {"type": "markdown", "text": "x"}], "message", "/blocks"))
    assert ["only one table is allowed [json-pointer:/blocks]"] == problems_of([table, table], "message", "/blocks")


def test_slacks_own_words_are_used() -> None:
    expected = [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert expected == problems_of([section("x" * 3001)], "message", "/blocks")


ALLOWED_ON = {
    "alert": "modal",
    "file": "modal home",
    "card": "message home",
    "carousel": "message home",
    "markdown": "message",
    "table": "message",
    "context_actions": "message",
    "data_visualization": "message",
    "plan": "message",
    "task_card": "message",
}


@pytest.mark.parametrize(("kind", "surfaces"), ALLOWED_ON.items())
def test_a_block_stands_only_where_slack_lets_it(kind: str, surfaces: str) -> None:
    needed: dict[str, Json] = {"markdown": {"text": "x"}, "table": {"rows": [[{"type": "raw_text", "text": "x"}]]}}
    for surface in ("message", "modal", "home"):
        expected = [] if surface in surfaces.split() else [f"unsupported type: {kind} [json-pointer:/blocks/0/type]"]
        assert expected == problems_of([{"type": kind, **needed.get(kind, {})}], surface, "/blocks")


WRONG: dict[str, Json | str] = {
    "unknown type": {"type": "banner"},
    "no type": {"text": plain("x")},
    "not an object": "text",
    "section without text or fields": {"type": "section"},
    "empty text": section(""),
    "unknown field": {"type": "divider", "text": plain("x")},
    "mrkdwn in a header": {"type": "header", "text": mrkdwn("x")},
    "mrkdwn on a button": actions(button(text=mrkdwn("x"))),
    "unknown style": actions(button(style="warning")),
    "a text field among buttons": actions({"type": "plain_text_input", "action_id": "x"}),
    "a button as an input": {"type": "input", "label": plain("x"), "element": button()},
    "the same action_id twice": actions(button(), button()),
    "no options": with_accessory(choosing("overflow", 0)),
    "options and groups": with_accessory({**choosing("static_select", 1), "option_groups": []}),
    "an initial option not offered": with_accessory({**choosing("static_select", 1), "initial_option": options(2)[1]}),
    "the same option twice": with_accessory({**choosing("static_select", 0), "options": options(1) * 2}),
    "a number as text": {"type": "header", "text": {"type": "plain_text", "text": 7}},
    "what this workspace does not offer": with_accessory({"type": "external_select", "action_id": "x"}),
    "a picture without a source": {"type": "image", "alt_text": "x"},
    "a list as an id": {"type": "divider", "block_id": ["x"]},
}


@pytest.mark.parametrize("block", WRONG.values(), ids=WRONG.keys())
def test_what_slack_refuses_is_refused(block: Json | str) -> None:
    assert [] != problems_of([block], "message", "/blocks")


def test_block_ids_must_differ() -> None:
    twice = [{"type": "divider", "block_id": "same"}] * 2
    assert ["`block_id` same already exists [json-pointer:/blocks/1/block_id]"] == problems_of(twice, "message", "/blocks")


@pytest.mark.parametrize(
    ("name", "at_most"), [("title", 24), ("submit", 24), ("close", 24), ("private_metadata", 3000), ("callback_id", 255)]
)
def test_a_modals_own_fields_have_limits(name: str, at_most: int) -> None:
    def value(size: int) -> Any:
        return "x" * size if "_" in name else plain("x" * size)

    assert [] == view_problems({**a_modal(), name: value(at_most)}, "modal")
    assert [] != view_problems({**a_modal(), name: value(at_most + 1)}, "modal")


def test_an_input_needs_a_submit_button() -> None:
    modal = {**a_modal(), "submit": None}
    assert "must define `submit` to use `input` block [json-pointer:/view/blocks/0/input]" in view_problems(modal, "modal")


def test_a_view_says_what_is_missing() -> None:
    expected = [f"missing required field: {name} [json-pointer:/view]" for name in ("type", "title", "blocks")]
    assert expected == view_problems({}, "modal")


def test_missing_ids_and_flags_are_completed_and_the_given_blocks_left_alone() -> None:
    ids: Iterator[int] = count()
    given = [section("Text"), actions({"type": "button", "text": plain("Press")})]
    done = completed(given, lambda: f"made-{next(ids)}")
    assert "made-0" == done[0]["block_id"]
    assert (True, "made-2") == (done[1]["elements"][0]["text"]["emoji"], done[1]["elements"][0]["action_id"])
    assert "block_id" not in given[0]
