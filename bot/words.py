"""The few words that cards, modals and answers share: causes and remedies as a finance person says them."""

from __future__ import annotations

from receivables.diagnosis import Cause, Confidence, Remedy

CAUSES: dict[Cause, str] = {
    Cause.RECEIPT_ALREADY_ENTERED: "Receipt already entered by hand",
    Cause.CREDIT_MEMO_APPLIED: "Credit memo applied",
    Cause.INVOICE_RECREATED: "Invoice deleted and made again",
    Cause.UNIDENTIFIED: "Not identified",
    Cause.ACCEPTED_UNAPPLIED: "Accepted, but not all applied",
    Cause.OUTCOME_UNKNOWN: "Not known whether it was recorded",
    Cause.RECEIPT_DOUBLED: "Receipt stands twice in the books",
    Cause.RECEIPT_CHANGED: "Receipt was changed in the books",
    Cause.RECEIPT_DELETED: "Receipt was deleted in the books",
    Cause.INVOICE_VOIDED: "Invoice voided",
    Cause.INVOICE_NOT_READY: "Invoice not there yet",
    Cause.PERIOD_CLOSED: "Accounting period closed",
    Cause.CUSTOMER_CHANGED: "Customer merged or moved",
    Cause.CUSTOMER_INACTIVE: "Customer inactive",
    Cause.ACCOUNT_INACTIVE: "Deposit account inactive",
    Cause.ACCESS_LOST: "Access to the books lost",
    Cause.THROTTLED: "The books ask us to wait",
    Cause.BOOKS_UNAVAILABLE: "The books cannot be reached",
    Cause.CURRENCY_MISMATCH: "Currencies differ",
    Cause.AMOUNT_DIFFERS: "Amount differs",
    Cause.DUPLICATE_REFERENCE: "Transaction number used twice",
    Cause.RECEIPT_DEPOSITED: "Receipt is in a bank deposit",
    Cause.PAYMENT_RETURNED: "Payment was returned",
    Cause.PAYMENT_REFUNDED: "Payment was refunded",
}

REMEDIES: dict[Remedy, str] = {
    Remedy.UNAPPLY_CREDIT_MEMO: "Un-apply credit memo",
    Remedy.RECREATE_RECEIPT: "Recreate receipt",
    Remedy.DISMISS: "Dismiss syncing",
    Remedy.APPLY_RECEIPT: "Apply receipt",
    Remedy.KEEP_ON_ACCOUNT: "Keep on account",
    Remedy.RETRY: "Try again",
    Remedy.WAIT: "Wait",
    Remedy.RECONNECT: "Reconnect",
    Remedy.ESCALATE: "Escalate",
}

EXPLAINED: dict[Remedy, str] = {
    Remedy.UNAPPLY_CREDIT_MEMO: "Takes the credit off and posts the receipt. The credit stays open for another invoice.",
    Remedy.RECREATE_RECEIPT: "Posts a new receipt on what is open now; what does not fit stays on the client's account.",
    Remedy.DISMISS: "Stops syncing this payment. Nothing is written to the books.",
    Remedy.APPLY_RECEIPT: "Applies the receipt that is already there to its invoices. No second receipt.",
    Remedy.KEEP_ON_ACCOUNT: "Leaves the money on the client's account, on purpose.",
    Remedy.RETRY: "Judges the payment again and posts it if it fits.",
    Remedy.WAIT: "Changes nothing.",
    Remedy.RECONNECT: "Connect the company to its books again.",
    Remedy.ESCALATE: "Changes nothing; notes that somebody must look at it.",
}

CONFIDENCES: dict[Confidence, str] = {
    Confidence.CERTAIN: "certain",
    Confidence.LIKELY: "likely",
    Confidence.UNIDENTIFIED: "",  # the cause says it already
}

#: How a decision that came to nothing ended, by its state: "Dana chose ..., which".
ENDED = {"stale": "came to nothing", "refused": "was refused", "failed": "could not be carried out"}
