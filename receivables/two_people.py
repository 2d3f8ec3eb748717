"""What takes two people whatever the amount: the one table, for whoever decides it, shows it or writes it down.

Which row applies to a decision is said in `rules/two_people.py`. Above a person's limit every remedy takes two.
"""

from __future__ import annotations

from enum import Enum

from receivables.diagnosis import Remedy

ALWAYS = "always"


class TwoPeople(Enum):
    """One row: a remedy, when it takes two people, and what the person who chooses it is told."""

    VOID = (Remedy.VOID_RECEIPT, ALWAYS, "Voiding a receipt takes two people.")
    OTHER_DAY = (
        Remedy.POST_ON_OPEN_DAY,
        ALWAYS,
        "Posting on another day than the customer paid takes two people.",
    )
    NO_PROOF = (
        Remedy.DISMISS,
        "without a receipt as proof, also where the change to our receipt is right",
        "A dismissal without a receipt as proof takes two people.",
    )
    SHORT_PROOF = (
        Remedy.DISMISS,
        "where the proof is less than the payment by a fee",
        "The proof is less than the payment, so the dismissal takes two people.",
    )
    MERGED_PROOF = (
        Remedy.DISMISS,
        "with our own receipt as proof, which is the customer's that the payment's was merged into",
        "Our receipt is another customer's now, so it takes two people to say that the two were merged.",
    )
    OTHER_MONEY = (
        Remedy.NOT_DUPLICATE,
        "where amount and customer agree, or the receipt has a short number of the payment",
        "The receipt may well be this payment, so it takes two people to say that it is other money.",
    )
    OTHER_PAYMENT = (
        Remedy.NOT_DUPLICATE,
        "of a payment that is probably another one again",
        "To say that it is not a duplicate takes two people.",
    )
    OTHER_CUSTOMER = (
        Remedy.MATCH,
        "to another customer, each time",
        "It is another customer's money then, so it takes two people.",
    )
    CORRECTION = (
        Remedy.ACCEPT_CORRECTION,
        "of amount, currency, customer or period",
        "A correction of amount, currency, customer or period takes two people.",
    )
    NO_GENUINE_CREDIT = (
        Remedy.UNAPPLY_CREDIT_MEMO,
        "of a credit memo that does not look like a genuine credit",
        "The credit memo does not look like a genuine credit, so it takes two people to unapply it.",
    )
    WRITE_OFF = (Remedy.REVERSE_WRITE_OFF, ALWAYS, "Reversing a write-off takes two people.")
    OLD_CREDIT = (
        Remedy.KEEP_ON_ACCOUNT,
        "of money paid more than 30 days ago, above the company's `small_credits`",
        "To leave money of more than 30 days ago as an unapplied credit takes two people.",
    )
    UNREAD_ENTRY = (
        Remedy.RECORD_RETURN,
        "by naming an entry that does not name the payment",
        "No entry that names the payment was found in the books, so it takes two people to name it.",
    )
    LATE_RETURN = (
        Remedy.RECORD_RETURN,
        "on another day, because the day it went back is in a closed period",
        "The day it went back is in a closed period, so another date takes two people.",
    )
    REFUND_REOPENS = (
        Remedy.RECORD_RETURN,
        "of a refund that opens the invoice again",
        "The refund opens the invoice again, so it takes two people.",
    )

    def __init__(self, remedy: Remedy, when: str, said: str) -> None:
        self.remedy = remedy
        self.when = when
        self.said = said


def always(remedy: Remedy) -> bool:
    """Whether a remedy takes two people whatever it is about, so that one press for many payments decides none of them."""
    return any(row.remedy is remedy and row.when == ALWAYS for row in TwoPeople)
