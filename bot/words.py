"""What causes are called on cards, in modals and in answers."""

from __future__ import annotations

from receivables.diagnosis import Cause

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
