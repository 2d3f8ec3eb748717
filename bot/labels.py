"""What remedies do and what confidences and ends are called, on cards, in modals and in answers, as a finance person says it."""

from __future__ import annotations

from receivables.corrections import KEEP_OURS
from receivables.diagnosis import Cause, Confidence, Diagnosis, Remedy
from receivables.effects import EffectKind
from receivables.words import plain
from storage.corrections import CORRECTION

EXPLAINED: dict[Remedy, str] = {
    Remedy.UNAPPLY_CREDIT_MEMO: "Unapplies just enough of the credit memo and posts the receipt. What comes off stays open.",
    Remedy.REVERSE_WRITE_OFF: "Takes the write-off's credit memo off the invoice, voids it, and posts the receipt.",
    Remedy.RECREATE_RECEIPT: "Posts a new receipt to what is open now. Anything left over stays on the customer's account.",
    Remedy.DISMISS: "Stops syncing this payment. No receipt is posted to the books.",
    Remedy.NOT_DUPLICATE: "Says that the receipt is other money, by its own cash reference, and records this payment.",
    Remedy.MATCH: "Says which invoice or customer in the books is meant. The payment is checked again, and posted if it fits.",
    Remedy.RECORD_RETURN: "Records that the money went back, on its own day. The receipt keeps its date and its deposit.",
    Remedy.VOID_RECEIPT: "Voids our receipt, for which no cash came, or the second one of one payment.",
    Remedy.APPLY_RECEIPT: "Applies the receipt that is in the books to its invoices. No second receipt is posted.",
    Remedy.KEEP_ON_ACCOUNT: "Leaves what does not fit on the customer's account as an unapplied credit.",
    Remedy.ACCEPT_CORRECTION: "Replaces our record of the payment by what the feed says now. Nothing of it is in the books.",
    Remedy.POST_ON_OPEN_DAY: "Posts the receipt on the first open day, with the true date in its memo.",
    Remedy.RETRY: "Checks the payment again and posts it if nothing is in the way.",
    Remedy.WAIT: "Changes nothing.",
    Remedy.RECONNECT: "Reconnect the company to its books.",
    Remedy.ESCALATE: "Changes nothing. Records that somebody must look into it.",
}

#: What is too long for the window's button.
SHORTER = {Remedy.POST_ON_OPEN_DAY.label: "Post on first open day", Remedy.RECORD_RETURN.label: "Record it"}

#: What is recorded where money went back otherwise than by a return.
WENT_BACK_AS = {Cause.PAYMENT_REFUNDED: "refund", Cause.PAYMENT_CHARGED_BACK: "chargeback"}

#: What dismissing the feed's correction of a payment is called, and what it does.
KEEP = (KEEP_OURS, "Keeps the payment as we have it. The feed's correction is not told again.")

CONFIDENCES: dict[Confidence, str] = {
    Confidence.CERTAIN: "certain",
    Confidence.LIKELY: "likely",
    Confidence.UNIDENTIFIED: "",  # the cause says it already
}

#: How a failure ended, by its resolution.
RESOLUTIONS = {
    "carried_out": "remedy carried out",
    "put_right": "fixed in the books",
    "landed": "recorded after all",
    "retried": "sent back to be tried again",
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
    if remedy is Remedy.KEEP_ON_ACCOUNT and diagnosis is not None and diagnosis.primary.cause is Cause.INVOICE_NOT_READY:
        return "Record customer deposit"
    if remedy is Remedy.RECORD_RETURN and diagnosis is not None and diagnosis.primary.cause in WENT_BACK_AS:
        return f"Record the {WENT_BACK_AS[diagnosis.primary.cause]}"
    return KEEP[0] if remedy is Remedy.DISMISS and about == CORRECTION else remedy.label


def pressed(called: str) -> str:
    """The same on the window's button, which holds 24 characters: without what follows a colon or says where to."""
    return SHORTER.get(called, called.partition(":")[0].partition(" to ")[0])


def explained(remedy: Remedy, about: str) -> str:
    """What it does."""
    return KEEP[1] if remedy is Remedy.DISMISS and about == CORRECTION else EXPLAINED[remedy]


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
