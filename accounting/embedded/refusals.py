"""Why the embedded books say no: a closed list of codes, each with a sentence for people when it is used."""

from __future__ import annotations

from enum import StrEnum

from receivables.errors import BooksRefused


class Refusal(StrEnum):
    """The code in `BooksRefused.vendor_code`."""

    OVER_APPLICATION = "over_application"  # more than is open on the invoice (a strict temper only, for receipts)
    INVOICE_NOT_OPEN = "invoice_not_open"  # paid, voided or still a draft
    DOCUMENT_GONE = "document_gone"  # deleted
    NOT_FOUND = "not_found"  # never was
    PERIOD_CLOSED = "period_closed"
    RECEIPT_DEPOSITED = "receipt_deposited"
    RECEIPT_VOIDED = "receipt_voided"
    CUSTOMER_INACTIVE = "customer_inactive"
    CUSTOMER_MISMATCH = "customer_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    ACCOUNT_INACTIVE = "account_inactive"
    CREDIT_EXHAUSTED = "credit_exhausted"  # more than the credit memo has left
    STALE = "stale"  # another version than the one the order was made for
    DUPLICATE_REQUEST = "duplicate_request"  # the idempotency key was used for something else
    DUPLICATE_ID = "duplicate_id"
    INVALID = "invalid"  # an amount or a text that no document can have


def refused(code: Refusal, message: str) -> BooksRefused:
    """The refusal to raise; the message is for people."""
    return BooksRefused(message, vendor_code=code.value)
