"""Why the books did not do what they were asked: one closed list for every accounting package and for the rules.

Each connector turns its vendor's answer into a member; the vendor's own code and words are kept beside it, untouched.
The values are stored, so they never change.
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Our word for a refusal; the stored code."""

    # About an invoice, a credit memo or a receipt.
    OVER_APPLICATION = "over_application"  # more than the open balance of the invoice
    INVOICE_NOT_OPEN = "invoice_not_open"  # paid, voided or still a draft
    CREDIT_EXHAUSTED = "credit_exhausted"  # more than the credit memo has left
    RECEIPT_DEPOSITED = "receipt_deposited"  # in a bank deposit or reconciled, so it cannot change
    RECEIPT_VOIDED = "receipt_voided"  # a voided receipt takes no change
    DOCUMENT_GONE = "document_gone"  # deleted in the books
    NOT_FOUND = "not_found"  # the books know no such document
    STALE = "stale"  # changed in the books since it was read
    WRONG_STATE = "wrong_state"  # no longer in a state that allows this step: read it again
    DRAFT_IN_THE_WAY = "draft_in_the_way"  # somebody's draft names an invoice that this receipt pays
    UNREADABLE = "unreadable"  # figures or dates that nobody can understand
    # About the customer, the account, the day or the currency.
    CUSTOMER_INACTIVE = "customer_inactive"  # inactive or archived
    CUSTOMER_MISMATCH = "customer_mismatch"  # the documents belong to different customers
    ACCOUNT_INACTIVE = "account_inactive"  # the deposit account is inactive, or takes no payments
    CURRENCY_MISMATCH = "currency_mismatch"  # the documents are in different currencies
    PERIOD_CLOSED = "period_closed"  # the day is in a closed accounting period
    # What the books leave open: the documents usually tell which of the above is meant.
    REFERENCE_GONE = "reference_gone"  # something that this rests on is no longer there
    REFERENCE_INACTIVE = "reference_inactive"  # something that this rests on is inactive
    NOT_LINKABLE = "not_linkable"  # the documents cannot be applied to each other
    # About the request.
    DUPLICATE_REFERENCE = "duplicate_reference"  # another document has this reference
    DUPLICATE_REQUEST = "duplicate_request"  # the idempotency key was used for something else
    DUPLICATE_NAME = "duplicate_name"  # another record has this name
    DUPLICATE_ID = "duplicate_id"  # another record has this id
    INVALID = "invalid"  # refused for a reason that is none of these; the vendor's own words tell
    PERMISSION_MISSING = "permission_missing"  # the connected user, or the company's plan, does not permit this
    # About the connection.
    ACCESS_LOST = "access_lost"  # a person must reconnect
    THROTTLED = "throttled"  # the books allow no more calls for a while
    BOOKS_UNAVAILABLE = "books_unavailable"  # no answer; to be tried again
    OUTCOME_UNKNOWN = "outcome_unknown"  # it may have been done; only reading the books tells


#: What none of our causes explains: people read what the package itself said.
UNEXPLAINED = frozenset(
    {
        Refusal.INVALID,
        Refusal.UNREADABLE,
        Refusal.NOT_LINKABLE,
        Refusal.REFERENCE_GONE,
        Refusal.NOT_FOUND,
        Refusal.WRONG_STATE,
        Refusal.DRAFT_IN_THE_WAY,
        Refusal.DUPLICATE_REQUEST,
        Refusal.DUPLICATE_NAME,
        Refusal.DUPLICATE_ID,
    }
)
