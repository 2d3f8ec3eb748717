"""What remedies do and what ends are called, on cards, in modals and in answers, as a finance person says it."""

from __future__ import annotations

import rules
from receivables.corrections import KEEP_OURS
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.effects import EffectKind
from receivables.words import plain
from storage.corrections import CORRECTION

EXPLAINED: dict[Remedy, str] = {
    Remedy.UNAPPLY_CREDIT_MEMO: "Unapplies just enough of the credit memo and posts the receipt. What comes off stays unapplied.",
    Remedy.REVERSE_WRITE_OFF: "Takes the write-off's credit memo off the invoice, voids it, and posts the receipt.",
    Remedy.RECREATE_RECEIPT: "Posts a receipt to what is open now. Anything left over becomes an unapplied credit.",
    Remedy.DISMISS: "Stops syncing this payment. No receipt is posted to the books.",
    Remedy.NOT_DUPLICATE: "Says that the receipt is other money, by its own cash reference, and records this payment.",
    Remedy.MATCH: "Says which invoice or customer in the books is meant. The payment is checked again, and posted if it fits.",
    Remedy.RECORD_RETURN: "Records that the money went back, on its own day. The receipt keeps its date and its deposit.",
    Remedy.VOID_RECEIPT: "Voids our receipt, for which no cash came, or the second one of one payment.",
    Remedy.APPLY_RECEIPT: "Applies the receipt that is in the books to its invoices. No second receipt is posted.",
    Remedy.KEEP_ON_ACCOUNT: "Leaves what no invoice takes as an unapplied credit of the customer.",
    Remedy.ACCEPT_CORRECTION: "Replaces our record of the payment with what the feed says now. Nothing of it is in the books.",
    Remedy.POST_ON_OPEN_DAY: "Posts the receipt on the first open day, with the payment date in its memo.",
    Remedy.RETRY: "Checks the payment again and posts it if nothing is in the way.",
    Remedy.WAIT: "Changes nothing.",
    Remedy.RECONNECT: "Reconnect the company to its books.",
    Remedy.ESCALATE: "Changes nothing. Records that somebody must look into it.",
}

#: What waiting is called while the card network holds the money.
UNTIL_DECIDED = "Wait for the dispute"

#: What a retry is called where the receipt is in the books and a person corrects it there.
CHECK_AGAIN = "Check again"

#: What is too long for the window's button.
SHORTER = {
    Remedy.POST_ON_OPEN_DAY.label: "Post on first open day",
    Remedy.RECORD_RETURN.label: "Record it",
    Remedy.KEEP_ON_ACCOUNT.label: "Leave unapplied",
}

#: What a remedy is called where its cause makes it something else than its name says.
_BY_CAUSE = {
    **{(Remedy.RECORD_RETURN, cause): f"Record the {rules.went_back_as(cause)}" for cause in Cause},
    (Remedy.WAIT, Cause.PAYMENT_CHARGED_BACK): UNTIL_DECIDED,
    (Remedy.KEEP_ON_ACCOUNT, Cause.INVOICE_NOT_READY): "Record customer deposit",
    (Remedy.RECREATE_RECEIPT, Cause.RECEIPT_DELETED): "Recreate receipt",
    (Remedy.APPLY_RECEIPT, Cause.RECEIPT_CHANGED): "Reapply receipt",
    **dict.fromkeys([(Remedy.RETRY, Cause.RECEIPT_DEPOSITED), (Remedy.RETRY, Cause.RECEIPT_CHANGED)], CHECK_AGAIN),
}

#: What dismissing the feed's correction of a payment is called, and what it does.
KEEP = (KEEP_OURS, "Keeps the payment as we have it. The feed's correction is not told again.")

#: What dismissing money that went out beside a payment is called, and what it does.
NOTHING_MORE = (
    "Dismiss: nothing to record",
    "Ends this without an entry in the books. The payment and its receipt stay as they are.",
)

#: How a failure ended, by its resolution.
RESOLUTIONS = {
    "carried_out": "remedy carried out",
    "put_right": "fixed in the books",
    "landed": "confirmed as recorded",
    "retried": "retried",
    "excluded": "closed: nothing of it is in the books",
}

#: What was intended in the books, by the kind of the effect.
WRITES: dict[EffectKind, str] = {
    EffectKind.RECEIPT: "Record receipt",
    EffectKind.UNAPPLY_CREDIT: "Unapply credit memo",
    EffectKind.APPLY_CREDIT: "Apply credit memo",
    EffectKind.APPLY_RECEIPT: "Apply receipt",
    EffectKind.RECORD_RETURN: "Record return",
    EffectKind.VOID_RECEIPT: "Void receipt",
    EffectKind.VOID_CREDIT: "Void credit memo",
}


def named(remedy: Remedy, about: str, diagnosis: Diagnosis | None = None) -> str:
    """What a remedy is called for a failure about this: a refund is no return; what waits for its invoice, a customer deposit."""
    if remedy is Remedy.DISMISS and about != "payment":
        return (KEEP if about == CORRECTION else NOTHING_MORE)[0]
    if diagnosis is None:
        return remedy.label
    if remedy is Remedy.RECORD_RETURN and rules.went_several_ways(diagnosis.primary):
        return "Record what went back"
    return _BY_CAUSE.get((remedy, diagnosis.primary.cause), remedy.label)


def pressed(called: str) -> str:
    """The same on the window's button, which holds 24 characters: without what follows a colon or says where to."""
    return SHORTER.get(called, called.partition(":")[0].partition(" to ")[0])


def explained(remedy: Remedy, about: str, diagnosis: Diagnosis | None = None) -> str:
    """What it does."""
    called = named(remedy, about, diagnosis)
    if called == CHECK_AGAIN:
        return "Reads the books again. No second receipt is posted."
    if called == UNTIL_DECIDED:
        return "Leaves the receipt as it is and sets this card aside. It is back when the dispute is won or lost."
    if remedy is Remedy.DISMISS and about != "payment":
        return (KEEP if about == CORRECTION else NOTHING_MORE)[1]
    return EXPLAINED[remedy]


def resolution_of(resolution: str, by: str) -> str:
    """How a failure ended, and by whom where somebody is known: "fixed in the books by erin"."""
    how = RESOLUTIONS.get(resolution, resolution.replace("_", " "))
    return f"{how} by {by}" if by else how


def resolved(resolution: str, by: str) -> str:
    """The same as a sentence."""
    return f"Resolved: {resolution_of(resolution, by)}."


def written(kind: EffectKind, state: str, document: str) -> str:
    """What became of one write to the books."""
    shown = f" ({plain(document, 40)})" if document else ""
    return f"{WRITES[kind]}: {state.replace('_', ' ')}{shown}."
