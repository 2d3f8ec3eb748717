"""What follows from taking credit memos off a payment's invoices, in sentences, before anybody decides."""

from __future__ import annotations

from receivables.diagnosis import Remedy
from receivables.words import Words, capitalized, listed, plain
from rules import naming
from rules.credits_off import Unapplied


def credits_come_off(remedy: Remedy, then: Unapplied, words: Words) -> tuple[str, ...]:
    """What of the books it changes and what not, by either remedy."""
    return (_reversed if remedy is Remedy.REVERSE_WRITE_OFF else _unapplied)(then, words)


def _unapplied(then: Unapplied, words: Words) -> tuple[str, ...]:
    """What of the credit stays open, and what of the books this changes and what not."""
    freed: dict[str, int] = {}
    for credit in then.taken:
        name = naming.credit_memo(credit)
        freed[name] = freed.get(name, 0) + credit.amount_minor - then.again_minor(credit)
    currency = then.evidence.payment.currency
    open_then = listed([f"{words.money(amount, currency)} of {name}" for name, amount in freed.items() if amount])
    return (
        f"Changed: the customer's balance and aging. {open_then} stays unapplied, for other invoices.",
        "Not changed: the bank; on the accrual basis, revenue and sales tax. On the cash basis, those may move.",
    )


def _reversed(then: Unapplied, words: Words) -> tuple[str, ...]:
    """What of the books a reversed write-off changes and what not, and what of the invoice is open again."""
    currency = then.evidence.payment.currency
    memos = {credit.credit_memo_id: credit for credit in then.taken}
    names = listed([naming.credit_memo(credit) for credit in memos.values()])
    off = words.money(sum(credit.amount_minor for credit in then.taken), currency)
    left = _left_open(then, words)
    return (
        f"{capitalized(names)} {'is' if len(memos) == 1 else 'are'} voided, not deleted: nothing of it can be spent.",
        f"Changed: the customer's balance and aging, and bad debt, which is {off} less. Not changed: the bank.",
        *([f"{capitalized(left)} open again. Write off what is still not collectible anew."] if left else []),
    )


def _left_open(then: Unapplied, words: Words) -> str:
    """What the invoices of a reversed write-off have open beside the payment; "" where it takes all of it."""
    freed = {credit.invoice_id for credit in then.taken}
    left = {line.invoice_id: (line.invoice_number, line.open_minor) for line in then.evidence.lines if line.invoice_id in freed}
    for part in then.fits:
        number, open_minor = left.get(part.invoice.id, ("", 0))
        left[part.invoice.id] = number, open_minor - part.amount_minor
    currency = then.evidence.payment.currency
    open_then = [f"invoice {plain(number)} has {words.money(minor, currency)}" for number, minor in left.values() if minor > 0]
    return listed(open_then)
