"""A match in Slack: what is near is on the card and in the window, and the decision holds what a person chose or typed."""

from __future__ import annotations

from typing import Any

import pytest
from card_people import PEOPLE
from card_states import COMPANY, a_card, named_by_a_person, of_two_of_one_name, spelled_otherwise

from bot.cards import failure_card
from bot.choices import label_of
from bot.modals import read_submission, resolve_modal
from bot.text import Block
from receivables.diagnosis import Remedy
from storage.cards import CardFacts


def inputs_of(facts: CardFacts) -> dict[str, Block]:
    view = resolve_modal(facts, COMPANY, chosen=Remedy.MATCH)
    return {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        (a_card(spelled_otherwise()), "Match to invoice 01042"),
        (a_card(spelled_otherwise(candidates=3)), "Match to invoice or customer"),
        (a_card(of_two_of_one_name()), "Match to invoice or customer"),
    ],
)
def test_the_button_names_the_only_invoice_that_is_near(facts: CardFacts, label: str) -> None:
    assert label == label_of(facts, Remedy.MATCH, COMPANY)


def test_the_only_invoice_that_is_near_is_chosen_already() -> None:
    chosen = inputs_of(a_card(spelled_otherwise()))["to_invoice"]
    assert ("i-1", "01042, Hooli, $500.00 open") == (chosen["initial_option"]["value"], chosen["initial_option"]["text"]["text"])
    several = inputs_of(a_card(spelled_otherwise(candidates=3)))["to_invoice"]
    assert (3, False) == (len(several["options"]), "initial_option" in several)


def test_customers_of_one_name_are_listed_with_their_ids() -> None:
    options = inputs_of(a_card(of_two_of_one_name()))["to_customer"]["options"]
    assert ["Hooli (id c-1)", "Hooli (id c-2)"] == [option["text"]["text"] for option in options]


def test_who_approves_sees_the_customer_and_what_is_open_of_an_invoice_that_a_person_named() -> None:
    text = str(failure_card(named_by_a_person(), COMPANY, PEOPLE).blocks)
    for shown in ("Review: Match to invoice 7001", "Open on invoice 7001", "$500.00 → $0.00", "Initech is another customer"):
        assert shown in text


@pytest.mark.parametrize(
    ("filled_in", "held"),
    [
        ({"to_invoice": {"selected_option": {"value": "i-1"}}}, {"to_invoice": ["#i-1"]}),
        ({"to_invoice": {"selected_options": [{"value": "i-1"}, {"value": "i-2"}]}}, {"to_invoice": ["#i-1", "#i-2"]}),
        ({"to_invoice": {"selected_option": {"value": "i-1"}}, "other_invoice": {"value": " 7001 "}}, {"to_invoice": ["7001"]}),
        ({"to_customer": {"selected_option": {"value": "c-1"}}}, {"to_customer": "#c-1"}),
        ({"other_customer": {"value": "Initech"}}, {"to_customer": "Initech"}),
        ({"to_invoice": {"selected_option": None}, "other_invoice": {"value": None}}, {}),
    ],
)
def test_what_was_chosen_or_typed_is_what_the_decision_holds(filled_in: dict[str, Any], held: dict[str, object]) -> None:
    values = {block: {block: value} for block, value in filled_in.items()}
    assert held == read_submission({"state": {"values": values}}).options
