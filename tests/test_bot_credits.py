"""What a person sees before a credit memo comes off: what stays open, what of the books changes, and a way to say no."""

from __future__ import annotations

from card_states import WORDS, a_card, credited_twice_paid_twice, modal_states

from bot.figures import follows
from bot.modals import read_submission
from receivables.diagnosis import Remedy


def test_unapplying_says_what_of_the_books_changes_and_what_not() -> None:
    assert (
        "Changed: the customer's balance and aging. $100.00 of credit memo CM-77 and $100.00 of credit memo CM-78 stays "
        "unapplied, for other invoices.",
        "Not changed: the bank; on the accrual basis, revenue and sales tax. On the cash basis, those may move.",
    ) == follows(a_card(credited_twice_paid_twice()), Remedy.UNAPPLY_CREDIT_MEMO, WORDS)


def test_what_still_fits_is_reapplied_unless_the_person_unticks_it() -> None:
    asked = next(block for block in modal_states()["unapply-and-put-back"]["blocks"] if block.get("block_id") == "reapply")[
        "element"
    ]
    assert asked["options"] == asked["initial_options"]

    def told(reapply: dict[str, object]) -> object:
        return read_submission({"state": {"values": reapply}}).options

    assert {"no_reapply": True} == told({"reapply": {"reapply": {"selected_options": []}}})
    assert {} == told({"reapply": {"reapply": {"selected_options": [{"value": "reapply"}]}}}) == told({})
