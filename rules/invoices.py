"""Causes that lie in the invoice itself: deleted and made again, voided, or not there yet."""

from __future__ import annotations

from receivables.diagnosis import Cause, Fact, Remedy
from rules import observations
from rules.credits import SAFE_TO_POST
from rules.invoice_lines import Flaw
from rules.matching import SUCCESSOR_POSSIBLE
from rules.patterns import a, at_least, neither, no
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


def _facts(reading: Reading, flaw: Flaw) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(f for line in reading.lines if line.flaw is flaw for f in observations.line(reading, line)))


@rule(
    Cause.INVOICE_RECREATED,
    when=(a("payment", unposted=True), a("line", flaw="lost", mendable=True, successor_score=at_least(SUCCESSOR_POSSIBLE))),
    whole=(no("line", flaw=neither("fits", "lost")), no("line", flaw="lost", mendable=False)),
    certain=(*SAFE_TO_POST, no("doubt", about="replacement")),
)
def invoice_recreated(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice that the client paid was deleted and made again, so our link to it is broken.

    Shows as: the invoice is gone, voided, or newer than the payment, and another one is open in its place.
    Happens when: somebody made the invoice again instead of changing it. Certain when the books say the old one is deleted
    and exactly one of the same number was made afterwards for the same customer.
    Remedy: recreate the receipt on the new invoice. Where several could be meant, a person chooses.
    Prevention: change an invoice instead of deleting it, or void it and tell the client which one to pay.
    Not to be confused with: an invoice that was voided for good, or a new one with too little open.
    """
    del matched
    lost = [line for line in reading.lines if line.flaw is Flaw.LOST]
    chosen = tuple((line.source.line, line.replacement.id) for line in lost if line.replacement is not None and line.mendable)
    return Conclusion(
        Remedy.RECREATE_RECEIPT,
        (Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS),
        _facts(reading, Flaw.LOST),
        successors=chosen,
    )


@rule(
    Cause.INVOICE_VOIDED,
    when=(a("payment", unposted=True), a("line", flaw="voided")),
    whole=(no("line", flaw=neither("fits", "voided")),),
    certain=SAFE_TO_POST,
)
def invoice_voided(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice that the client paid was voided, and nothing took its place.

    Shows as: the invoice is in the books, voided, with nothing open.
    Happens when: somebody voided it; the client may be owed a refund.
    Remedy: a person keeps the money on account, or dismisses with a reason. Never automatic.
    Prevention: take a voided invoice out of the portal at once, so that nobody pays it.
    Not to be confused with: an invoice that was voided and made again (invoice_recreated), or deleted.
    """
    del matched
    return Conclusion(Remedy.KEEP_ON_ACCOUNT, (Remedy.DISMISS,), _facts(reading, Flaw.VOIDED))


@rule(
    Cause.INVOICE_NOT_READY,
    when=(a("payment", unposted=True), a("line", flaw="not_ready")),
    whole=(no("line", flaw=neither("fits", "not_ready")),),
    certain=(no("doubt", about="draft"),),
)
def invoice_not_ready(reading: Reading, matched: Matched) -> Conclusion:
    """The invoice is still a draft, or has not reached the books yet.

    Shows as: the books have no such invoice, or only a draft of it.
    Happens when: the invoice is exported to the books later than the payment. Certain when the draft is there.
    Remedy: wait, and it is posted once the invoice is there; or retry at once.
    Prevention: export invoices to the books before they can be paid, and approve drafts daily.
    Not to be confused with: an invoice that was there and is deleted.
    """
    del matched
    return Conclusion(Remedy.WAIT, (Remedy.RETRY,), _facts(reading, Flaw.NOT_READY))
