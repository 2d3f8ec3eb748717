"""What the documents do not show of the bank: receipts that are reconciled with it, and accounts that take no money on account.

Reads: the books, only where a payment is recorded twice or cannot be applied as a whole. Leaves: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import rules
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.evidence import Evidence
from sync.desk import Desk


def added(desk: Desk, gathered: Mapping[str, Evidence]) -> Mapping[str, Evidence]:
    """The evidence of a batch with that. What is not known of the bank is left as the documents show it."""
    readings = {number: rules.read(found) for number, found in gathered.items()}
    doubled = [receipt for reading in readings.values() if reading.doubled for receipt in reading.marked]
    accounts = {
        number: account
        for number, found in gathered.items()
        if (account := desk.company.deposit_account(found.payment.method, found.payment.currency))
        and readings[number].may_post
        and rules.least_rest_minor(found) > 0
    }
    try:
        held = set(desk.books.reconciled(doubled)) if doubled else set[str]()
        no_rest = set(desk.books.only_for_invoices(set(accounts.values()))) if accounts else set[str]()
    except (BooksUnavailable, BooksRefused, OutcomeUnknown):
        return gathered
    changed = {
        number: replace(gathered[number], reconciled=tuple(sorted(found)))
        for number, reading in readings.items()
        if (found := held & {receipt.id for receipt in reading.marked})
    }
    changed |= {
        number: replace(gathered[number], takes_no_rest=account) for number, account in accounts.items() if account in no_rest
    }
    return {**gathered} | changed
