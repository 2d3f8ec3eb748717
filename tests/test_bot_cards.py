"""Every state of a card and a modal: within Slack's limits with the worst data, nothing parsed, and figures to the cent."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import card_states
import message_states
import pytest
from card_answers import a_busy_scene, answers, stories
from card_people import PEOPLE
from card_states import (
    COMPANY,
    a_card,
    a_decision,
    an_offer_id,
    blocked,
    credited,
    credited_twice_paid_twice,
    drawn,
    entered_by_hand,
    half_voided,
    paid_by_check_as_well,
    recreated,
    short,
    swallowed,
)  # fmt: skip
from crowded_cards import crowded, crowded_diagnosis
from evidence_makers import an_evidence
from hypothesis import given, settings
from hypothesis import strategies as st
from review_states import review_states
from slack_sdk.models.blocks import Block as SlackBlock
from slack_sdk.models.views import View

from app.clock import RandomIds
from bot.cards import failure_card
from bot.figures import credit_that_fits_minor
from bot.modals import Shown, read_submission, resolve_modal
from bot.text import Block, fallback, plain_text
from receivables.diagnosis import Cause, Remedy
from receivables.evidence import Evidence
from receivables.money import decimals_of
from rules.catalogue import RULES
from storage.cards import CardFacts
from workspace.blocks import problems_of, view_problems

STATES = card_states.card_states()
MESSAGES = {**drawn(STATES), **message_states.other_messages()}
MODALS = {**card_states.modal_states(), **review_states()}

HOSTILE = {
    "long": "Hooli " * 900,
    "one-long-word": "W" * 5000,
    "right-to-left": "شركة هولي למסחר",
    "overridden": "\u202e00.5$\u202c \u2066x\u2069",
    "zero-width": "Ho\u200bo\u200dli\ufeff\u00ad",
    "emoji": "👩‍👩‍👧‍👦🏴‍☠️" * 40,
    "nul": "Hooli\x00\x1b[31m\x07",
    "second-line": "Hooli\n\r\n\u2028\u2029\x85Status: paid",
    "mentions": "<!channel> <!here> <@U123> <#C1> <!subteam^S1>",
    "link": "<https://evil.example|Approve> https://evil.example",
    "formatting": "*bold* _it_ ~no~ `code` ```block``` &lt;!channel&gt; :tada:",
    "blank": "\u3164\u2800\u115f",
    "surrogate": "Hooli \ud800 \udfff",
    "combining": "H" + "\u0301" * 500,
}
LOOSE = {"\n"}  # a line end of ours is the one control character that a text may have


# --- what a card consists of ------------------------------------------------------------------------------------------


def walk(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object inside blocks, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def texts(blocks: Any) -> list[Mapping[str, Any]]:
    return [shown for shown in walk(blocks) if shown.get("type") in ("plain_text", "mrkdwn") and "text" in shown]


def structure(blocks: Any) -> Any:
    """The same without the words: types, ids, styles, values and counts stay."""
    if isinstance(blocks, list):
        return [structure(block) for block in blocks]
    if isinstance(blocks, dict):
        if blocks.get("type") == "plain_text":
            return "plain"
        return {name: structure(inner) for name, inner in blocks.items()}
    return blocks


def buttons(blocks: Any) -> list[Mapping[str, Any]]:
    return [button for button in walk(blocks) if button.get("type") == "button"]


def sdk_accepts_message(blocks: list[Block]) -> None:
    """Raises where slack_sdk's own models object."""
    for block in blocks:
        parsed = SlackBlock.parse(block)
        assert parsed is not None
        parsed.to_dict()


def sdk_accepts_modal(view: Block) -> None:
    sdk_accepts_message(view["blocks"])
    View(**view).to_dict()


def is_shown(text: str) -> bool:
    """No control, format, surrogate or private character, but our own line ends."""
    return not [
        letter for letter in text if letter not in LOOSE and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]


def in_mrkdwn(blocks: Any) -> list[str]:
    return [shown["text"] for shown in texts(blocks) if shown["type"] == "mrkdwn"]


def check_message(blocks: list[Block]) -> None:
    assert [] == problems_of(blocks, "message", "/blocks")
    sdk_accepts_message(blocks)
    assert [] == [shown["text"] for shown in texts(blocks) if not is_shown(shown["text"])]


def check_modal(view: Block) -> None:
    assert [] == view_problems(view, "modal")
    sdk_accepts_modal(view)
    assert [] == [shown["text"] for shown in texts(view) if not is_shown(shown["text"])]


# --- the same facts with other words ----------------------------------------------------------------------------------

#: Every field that people elsewhere fill in: the feed, the books, whoever presses.
FROM_OUTSIDE = frozenset(
    "customer method invoice_number number credit_memo_number person reference memo name reason outcome refusal_message"
    " transaction_number said document document_id receipt_id resolved_by hidden_by source message".split()
)
NOT_WORDS = frozenset({"document_id", "receipt_id", "resolved_by", "hidden_by"})  # changed only where they are given


def dressed(value: Any, text: str) -> Any:
    """The same records with `text` wherever something from outside stands."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed: dict[str, Any] = {}
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            if not field.init:
                continue
            words = isinstance(held, str) and not isinstance(held, Enum)
            if words and field.name in FROM_OUTSIDE and (held or field.name not in NOT_WORDS):
                changed[field.name] = text
            else:
                changed[field.name] = dressed(held, text)
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(dressed(item, text) for item in value)
    return value


REPRESENTATIVE = [
    "cause-credit-memo-applied", "cause-receipt-already-entered", "several-successors", "blocked", "waiting-for-approval",
    "decision-failed", "done-recreate-receipt", "put-right-by-somebody", "dismissed-with-proof", "hidden", "partly-refunded",
]  # fmt: skip
#: What follows is told from the numbers themselves, so that other words may make other blocks.
TOLD_BY_NUMBERS = ("in-quickbooks", "paid-by-check-as-well", "waiting-not-duplicate")
MODALS_WITH_WORDS: list[tuple[Evidence, Remedy]] = [
    (credited(), Remedy.UNAPPLY_CREDIT_MEMO),
    (recreated(made_again=3), Remedy.RECREATE_RECEIPT),
    (entered_by_hand(), Remedy.DISMISS),
    (half_voided(), Remedy.KEEP_ON_ACCOUNT),
]


def card_of(name: str, text: str) -> list[Block]:
    return failure_card(dressed(STATES[name], text), COMPANY, PEOPLE).blocks


@cache
def structure_of(name: str) -> Any:
    """What the card consists of, drawn with a word that nobody could object to."""
    return structure(card_of(name, "x"))


def modal_of(evidence: Evidence, remedy: Remedy, text: str) -> Block:
    return resolve_modal(dressed(a_card(evidence), text), COMPANY, chosen=remedy)


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_within_the_limits(name: str) -> None:
    check_message(MESSAGES[name].blocks)


@pytest.mark.parametrize("name", MODALS)
def test_a_modal_is_within_the_limits(name: str) -> None:
    check_modal(MODALS[name])


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", STATES)
def test_no_words_from_outside_break_a_card(name: str, hostile: str) -> None:
    blocks = card_of(name, hostile)
    check_message(blocks)
    assert name in TOLD_BY_NUMBERS or structure_of(name) == structure(blocks)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_words_from_outside_break_the_window_of_other_money(hostile: str) -> None:
    check_modal(modal_of(paid_by_check_as_well(), Remedy.NOT_DUPLICATE, hostile))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(("evidence", "remedy"), MODALS_WITH_WORDS, ids=[remedy.value for _, remedy in MODALS_WITH_WORDS])
def test_no_words_from_outside_break_a_modal(evidence: Evidence, remedy: Remedy, hostile: str) -> None:
    view = modal_of(evidence, remedy, hostile)
    check_modal(view)
    assert _but_metadata(modal_of(evidence, remedy, "x")) == _but_metadata(view)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_name_of_a_company_breaks_the_other_messages(hostile: str) -> None:
    for name, message in message_states.other_messages(hostile).items():
        check_message(message.blocks)
        assert structure(MESSAGES[name].blocks) == structure(message.blocks)


@pytest.mark.parametrize("remedy", list(Remedy))
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "CLF"])
def test_as_many_documents_as_nobody_has_fit_with_the_largest_amounts(remedy: Remedy, currency: str) -> None:
    largest = 10 ** (12 + decimals_of(currency)) // 40 - 1
    evidence = crowded(currency=currency, amount_minor=largest)
    facts = dressed(a_card(evidence, diagnosis=crowded_diagnosis(evidence, remedy)), "W" * 5000)
    for state in (None, "waiting_approval", "carrying_out", "failed"):
        decision = a_decision(remedy, state, outcome="o" * 5000, reason="r" * 5000) if state else None
        check_message(failure_card(dataclasses.replace(facts, decision=decision), COMPANY, PEOPLE).blocks)
    check_modal(resolve_modal(facts, COMPANY, chosen=remedy))


def test_the_proposed_document_is_offered_however_many_there_are() -> None:
    evidence = crowded()
    facts = a_card(evidence, diagnosis=crowded_diagnosis(evidence, Remedy.RECREATE_RECEIPT))
    assert (
        "i-new-59"
        == _select(resolve_modal(facts, COMPANY, chosen=Remedy.RECREATE_RECEIPT), "successor")["initial_option"]["value"]
    )
    (first,) = _select(resolve_modal(facts, COMPANY, chosen=Remedy.DISMISS), "proof")["initial_options"]
    assert "r-59" == first["value"]


def test_a_document_whose_id_no_option_can_carry_is_not_offered() -> None:
    evidence = recreated(made_again=2)
    line = evidence.lines[0]
    long = dataclasses.replace(line.successors[0], id="i" * 151)
    changed = dataclasses.replace(evidence, lines=(dataclasses.replace(line, successors=(long, line.successors[1])),))
    view = resolve_modal(a_card(changed), COMPANY, chosen=Remedy.RECREATE_RECEIPT)
    assert ["i-new-1"] == [option["value"] for option in _select(view, "successor")["options"]]


# --- nothing from outside is parsed or hidden -------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(text=st.text(min_size=1, max_size=200))
def test_whatever_a_name_is_the_card_has_the_same_structure(text: str) -> None:
    for name in REPRESENTATIVE:
        blocks = card_of(name, text)
        assert structure_of(name) == structure(blocks)
        check_message(blocks)


@settings(max_examples=25, deadline=None)
@given(text=st.text(min_size=1, max_size=200))
def test_whatever_a_name_is_the_modal_has_the_same_structure(text: str) -> None:
    for evidence, remedy in MODALS_WITH_WORDS:
        view = modal_of(evidence, remedy, text)
        assert _but_metadata(modal_of(evidence, remedy, "x")) == _but_metadata(view)
        check_modal(view)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_what_slack_parses_is_ours_alone(name: str, hostile: str) -> None:
    assert in_mrkdwn(card_of(name, "x")) == in_mrkdwn(card_of(name, hostile))


def test_a_second_line_in_a_name_stays_on_its_line() -> None:
    shown = [shown["text"] for shown in texts(card_of("cause-credit-memo-applied", "Hooli\nStatus: paid"))]
    assert "Hooli Status: paid" in shown
    assert [] == [line for text in shown for line in text.split("\n") if line.startswith("Status")]


@pytest.mark.parametrize("name", MESSAGES)
def test_the_text_beside_the_blocks_says_something_and_mentions_nobody(name: str) -> None:
    text = MESSAGES[name].text
    assert 0 < len(text) <= 3000
    assert "<" not in text


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_the_text_beside_the_blocks_is_escaped_and_short(hostile: str) -> None:
    text = failure_card(dressed(STATES["cause-credit-memo-applied"], hostile), COMPANY, PEOPLE).text
    assert 0 < len(text) <= 3000
    assert "<" not in text
    assert is_shown(text)


def test_the_longest_escapes_fit() -> None:
    assert 3000 >= len(fallback("&" * 5000))


def test_every_cause_that_the_rules_diagnose_has_its_card() -> None:
    causes = {cause for rule in RULES for cause in [rule.cause]} | {Cause.UNIDENTIFIED}
    shown = {STATES[name].failure.cause for name in STATES if name.startswith("cause-")}
    assert causes == shown


def test_a_text_of_nothing_is_a_dash() -> None:
    assert "-" == plain_text("")["text"]


# --- what buttons carry -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MESSAGES)
def test_buttons_carry_opaque_ids_only(name: str) -> None:
    blocks = MESSAGES[name].blocks
    values = [button["value"] for button in buttons(blocks)]
    menus = [
        option["value"].partition(" ") for menu in walk(blocks) if menu.get("type") == "overflow" for option in menu["options"]
    ]
    assert {"dismiss", "look", "mine", "care", "reopen", "hide", "story"} >= {verb for verb, _, _ in menus}
    for value in [*values, *(subject for _, _, subject in menus)]:
        assert len(RandomIds().new()) == len(value)
        assert value.isalnum()


@pytest.mark.parametrize("name", STATES)
def test_buttons_stand_in_a_fixed_order_and_one_at_most_is_primary(name: str) -> None:
    order = ["choose", "resolve_now", "review"]
    found = [button["action_id"] for button in buttons(MESSAGES[name].blocks)]
    assert sorted(found, key=order.index) == found
    assert 1 >= sum(button.get("style") == "primary" for button in buttons(MESSAGES[name].blocks))


@pytest.mark.parametrize("name", STATES)
def test_only_an_open_failure_has_buttons(name: str) -> None:
    if STATES[name].failure.state != "open":
        assert [] == buttons(MESSAGES[name].blocks)


PRIMARY = [
    (credited(), Remedy.UNAPPLY_CREDIT_MEMO, "Unapply credit memo ($120.00)"),
    (credited_twice_paid_twice(), Remedy.UNAPPLY_CREDIT_MEMO, "Unapply credit memo ($200.00)"),
    (recreated(), Remedy.RECREATE_RECEIPT, "Record receipt ($500.00)"),
    (short(), Remedy.RECREATE_RECEIPT, "Record $500.00, leave $100.00 unapplied"),
    (entered_by_hand(), Remedy.DISMISS, "Dismiss: recorded as receipt 1"),
    (swallowed(open_minor=12_000), Remedy.APPLY_RECEIPT, "Apply receipt ($120.00)"),
]


@pytest.mark.parametrize(("evidence", "remedy", "words"), PRIMARY)
def test_the_primary_button_is_the_recommended_remedy_with_its_amount(evidence: Evidence, remedy: Remedy, words: str) -> None:
    blocks = failure_card(a_card(evidence), COMPANY, PEOPLE).blocks
    found = [(button["text"]["text"], button["value"]) for button in buttons(blocks) if button.get("style") == "primary"]
    assert [(words, an_offer_id(remedy))] == found


@pytest.mark.parametrize("facts", [a_card(recreated(made_again=3)), blocked(), STATES["cause-invoice-not-ready"]])
def test_where_a_press_is_not_enough_there_is_only_resolve_now(facts: CardFacts) -> None:
    assert ["resolve_now"] == [button["action_id"] for button in buttons(failure_card(facts, COMPANY, PEOPLE).blocks)]


# --- what a card and its window say alike --------------------------------------------------------------------------------


def test_the_credit_is_offered_back_only_where_something_of_it_fits() -> None:
    assert 0 == credit_that_fits_minor(a_card(credited()))
    assert 5_000 == credit_that_fits_minor(a_card(credited_twice_paid_twice()))
    assert "reapply" not in _block_ids(MODALS["unapply-credit-memo"])
    assert "reapply" in _block_ids(MODALS["unapply-and-put-back"])


def test_the_card_and_the_modal_show_the_same_figures() -> None:
    card = failure_card(a_card(credited()), COMPANY, PEOPLE).blocks
    shown, all_of_them = (_block(blocks, "figures")["fields"] for blocks in (card, MODALS["unapply-credit-memo"]["blocks"]))
    assert shown == all_of_them[: len(shown)]
    assert ["Credit memo CM-77 on invoice 1042", "$120.00 → $0.00", "Open on invoice 1042", "$380.00 → $0.00",
            "Our receipt", "$0.00 → $500.00"] == [x["text"] for x in shown]  # fmt: skip
    assert ["Unapplied on credit memo CM-77", "$120.00 more", "Customer's balance", "$500.00 less"] == [
        x["text"] for x in all_of_them[len(shown) :]
    ]


# --- what is asked, and what is said ----------------------------------------------------------------------------------


def test_several_invoices_recreated_with_one_successor_each_are_not_asked_about() -> None:
    first = recreated().lines[0]
    new = tuple(dataclasses.replace(invoice, id="i-other", number="1043") for invoice in first.successors)
    second = dataclasses.replace(first, line=1, invoice_id="i-1043", invoice_number="1043", successors=new)
    gone = dataclasses.replace(first.invoice, id="i-1043", number="1043")  # type: ignore[type-var]
    evidence = an_evidence(lines=(first, dataclasses.replace(second, invoice=gone)))
    facts = a_card(evidence)
    assert "successor" not in _block_ids(resolve_modal(facts, COMPANY, chosen=Remedy.RECREATE_RECEIPT))
    assert "choose" in [button["action_id"] for button in buttons(failure_card(facts, COMPANY, PEOPLE).blocks)]


def test_both_sides_of_a_receipt_by_hand_stand_beside_each_other() -> None:
    shown = [field["text"] for field in _block(MESSAGES["paid-by-check-as-well"].blocks, "sides")["fields"]]
    assert shown == [
        "*Payment*", "Receipt 1", "Tender: Card", "Tender: Check", "Reference: TXN-1001", "Reference: 8841",
        "Deposit to: default account", "Deposit to: Undeposited Funds (D-12)",
    ]  # fmt: skip
    assert "sides" in _block_ids(MODALS["not-duplicate"])


def test_one_that_may_be_other_money_is_never_one_press_away() -> None:
    assert ["resolve_now"] == [button["action_id"] for button in buttons(MESSAGES["paid-by-check-as-well"].blocks)]


def test_the_window_asks_for_the_cash_reference_and_takes_several_proofs() -> None:
    assert not _block(MODALS["not-duplicate"]["blocks"], "cash_reference")["optional"]
    view = MODALS["dismiss-with-two-and-apply"]
    assert ["r-70", "r-71"] == [option["value"] for option in _select(view, "proof")["initial_options"]]
    assert "apply_proof" in _block_ids(view)
    assert "The books do not say who entered receipt 71." in [shown["text"] for shown in texts(view["blocks"])]


def test_what_was_filled_in_is_read_as_a_decision_holds_it() -> None:
    values = {
        "remedy": {"remedy": {"selected_option": {"value": "offer"}}},
        "proof": {"proof": {"selected_options": [{"value": "r-70"}, {"value": "r-71"}]}},
        "apply_proof": {"apply_proof": {"selected_options": [{"value": "apply_proof"}]}},
        "receipt": {"receipt": {"selected_option": {"value": "r-1"}}},
        "cash_reference": {"cash_reference": {"value": " check 8841 "}},
        "successor": {"successor": {"selected_option": None}},
    }
    given = read_submission({"private_metadata": "f drawn C0", "state": {"values": values}})
    assert (Shown("f", "drawn", "C0"), "offer", "") == (given.shown, given.offer_id, given.reason)
    assert given.options == {
        "proof": ["r-70", "r-71"], "apply_proof": True, "receipt": "r-1", "cash_reference": "check 8841",
    }  # fmt: skip


def test_a_reason_is_required_to_dismiss_and_nowhere_else() -> None:
    required = {
        name
        for name, view in MODALS.items()
        if any(block["block_id"] == "reason" and not block["optional"] for block in _inputs(view))
    }
    dismissing = {name for name in MODALS if name.startswith("dismiss-")}
    assert dismissing | {"changed-meanwhile"} == required  # a dismissal, drawn anew


@pytest.mark.parametrize("name", ["nothing-to-decide", "not-diagnosed"])
def test_where_nothing_is_to_be_decided_there_is_nothing_to_submit(name: str) -> None:
    assert [] == _inputs(MODALS[name])
    assert "submit" not in MODALS[name]


SAID = {
    "put-right-by-somebody": "Fixed in the books by Erin Walsh",
    "dismissed-with-proof": "Already recorded: $500.00 on receipt 1.",
    "dismissed-by-two": "Approved by Sam Okafor.",
    "done-keep-on-account": "$500.00, with $200.00 applied to invoice 1043 and $300.00 unapplied.",
    "hidden": "Hidden from lists and search by Dana Reyes",
    "decision-refused": "chose “Unapply credit memo”; it was declined by Dana Reyes.",
    "waiting-for-approval": "it takes a second person.",
    "blocked": "“Unapply credit memo” is not possible yet. The period of the credit memo is closed.",
    "several-successors": "several invoices could be its replacement. Choose one.",
    "partly-refunded": "Record the refund as a separate entry; once the books show it, this ends by itself.",
    "partly-refunded-to-name": "Resolve Now offers: Record the refund.",
    "partly-refunded-recorded": "chose “Record the refund”; it was carried out",
    "out-twice": "Record the $500.00 too, in the books",
    "paid-by-check-as-well": "has the amount of this payment of Mar 3, 2026, but may be other money.",
    "waiting-not-duplicate": "The receipt is other money: check 8841.",
    "dismissed-not-applied": "The receipt was not applied: the period is closed. Apply it in the books",
    "feed-corrects": "In payments.csv, payment TXN-1001 appears again with other content: amount $500.00 → $550.00; "
    "customer Hooli → Hooli Group; invoices 1042 → 1043.",
    "feed-corrects-what-is-posted": "“Accept the change” is not possible yet. A receipt of this payment is in the books.",
    "correction-taken": "our record now matches the feed",
    "correction-dismissed": "our record of the payment was kept",
    "feed-settled": "our record of the payment was kept",
    "cause-outcome-unknown": "Nobody needs to decide anything now.",
    "cause-credit-memo-applied": "so only $",
    "landed": "Found on Mar 4, 2026, 12:00 PM CST: This payment",
}  # fmt: skip


@pytest.mark.parametrize(("name", "words"), SAID.items(), ids=SAID)
def test_each_state_says_what_matters(name: str, words: str) -> None:
    assert [] != [shown["text"] for shown in texts(MESSAGES[name].blocks) if words in shown["text"]]


def test_only_an_escalation_mentions_people_and_only_configured_ones() -> None:
    mentioning = {name: [text for text in in_mrkdwn(message.blocks) if "@" in text] for name, message in MESSAGES.items()}
    assert {"escalation": ["<@U0DANA>"]} == {name: found for name, found in mentioning.items() if found}


# --- answers to /payments, and stories --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ordinary", "long", "mentions", "second-line", "overridden", "formatting"])
def test_answers_and_stories_hold_whatever_a_customer_is_called(tmp_path: Path, name: str) -> None:
    customer = HOSTILE.get(name, "Hooli")[:200]
    scene = a_busy_scene(tmp_path, customer=customer)
    for answer in answers(scene, customer=customer.split()[0]).values():
        check_message(list(answer["blocks"]))
        assert [] == in_mrkdwn(answer["blocks"])
    for view in stories(scene).values():
        check_modal(view)
        assert [] == in_mrkdwn(view)


def test_a_story_tells_what_was_found_decided_and_written_in_order(tmp_path: Path) -> None:
    told = " / ".join(shown["text"] for shown in texts(stories(a_busy_scene(tmp_path))["dismissed"]["blocks"]))
    assert told.index("Failed: Receipt already entered by hand") < told.index("Dana Reyes chose “Dismiss syncing”")


# --- small parts ------------------------------------------------------------------------------------------------------


def _but_metadata(view: Block) -> Any:
    return structure({name: value for name, value in view.items() if name != "private_metadata"})


def _inputs(view: Block) -> list[Block]:
    return [block for block in view["blocks"] if block["type"] == "input"]


def _block_ids(view: Block) -> list[str]:
    return [str(block.get("block_id")) for block in view["blocks"]]


def _block(blocks: Sequence[Block], block_id: str) -> Block:
    return next(block for block in blocks if block.get("block_id") == block_id)


def _select(view: Block, block_id: str) -> Block:
    element: Block = _block(view["blocks"], block_id)["element"]
    return element
