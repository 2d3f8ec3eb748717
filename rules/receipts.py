"""Causes that lie in receipts: entered by hand, doubled, deleted, changed, swallowed or locked in a deposit."""

from __future__ import annotations

from collections.abc import Iterable

from receivables.diagnosis import Cause, Fact, Remedy
from rules import observations
from rules.hand_receipts import ReceiptReading
from rules.matching import RECEIPT_LIKELY, RECEIPT_POSSIBLE
from rules.patterns import Wanted, a, at_least, neither, no, of
from rules.phrases import capitalised, receipt
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule

#: A receipt entered by hand that could be the whole payment: same customer, currency and amount, and not claimed.
WHOLE_AMOUNT: dict[str, Wanted] = {
    "by_hand": True,
    "free_minor": at_least(of("payment", "amount_minor")),
    "customer": of("customer", "key"),
    "currency": of("payment", "currency"),
    "amount_minor": of("payment", "amount_minor"),
}
#: Nothing of ours is in the books, so a receipt entered by hand can be this payment.
UNPOSTED = (a("payment", unposted=True), a("customer"))


def _best_first(found: Iterable[ReceiptReading]) -> list[ReceiptReading]:
    return sorted(found, key=lambda r: (-r.score.points, r.days_apart, r.receipt.id))


def _already_there(
    reading: Reading, matched: Matched, found: list[ReceiptReading], proof: tuple[tuple[str, int], ...], competing: int = 0
) -> Conclusion:
    """Dismissing with this proof. Where there is doubt and all was read, a person may say that it is other money."""
    because = [observations.hand_receipt(entered) for entered in found]
    if competing > 1:
        because.append(observations.several(competing, "receipts could be this payment"))
    other_money = () if matched.certain or reading.evidence.unread else (Remedy.RECREATE_RECEIPT,)
    return Conclusion(Remedy.DISMISS, (*other_money, Remedy.ESCALATE), tuple(because), proof=proof)


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(*UNPOSTED, a("receipt", score=at_least(RECEIPT_LIKELY), **WHOLE_AMOUNT)),
    certain=(
        no("receipt", score=at_least(RECEIPT_POSSIBLE), number=neither(of("receipt", "number")), **WHOLE_AMOUNT),
        no("doubt", about="receipt"),
    ),
)
def receipt_already_entered(reading: Reading, matched: Matched) -> Conclusion:
    """Somebody recorded this payment in the books by hand, as one receipt.

    Shows as: the invoice is paid or the books hold the money, before our receipt came.
    Happens when: a receipt without our mark has the payment's customer, currency and amount, is not the proof of another
    payment, and names its transaction number or stands on exactly its invoices.
    Remedy: dismiss, with that receipt as proof.
    Prevention: let the sync post portal payments, or run it more often, so that nobody enters them first.
    Not to be confused with: another check of the same amount, entered before the client paid or dated days away; that
    stays likely and a person looks. A receipt of ours for another payment is never a candidate.
    """
    found = _best_first(reading.competing)  # also those too weak to fire the rule on their own
    proof = ((found[0].receipt.id, reading.evidence.payment.amount_minor),)
    return _already_there(reading, matched, found, proof, len(found))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(
        a("payment", unposted=True, on_account_minor=0, invoices=at_least(2)),
        a("customer"),
        a("line", hand_receipts=1),
        no("line", hand_receipts=neither(1)),
    ),
    certain=None,
)
def receipts_entered_apart(reading: Reading, matched: Matched) -> Conclusion:
    """Somebody recorded this payment by hand as several receipts, one for each invoice.

    Shows as: every invoice of the payment is paid by a receipt of its own.
    Happens when: for each invoice exactly one receipt without our mark stands on it alone, for exactly the allocated amount.
    Remedy: dismiss, with all of them as proof. Always only likely: each could be other money.
    Prevention: let the sync post portal payments, so that nobody enters them first.
    Not to be confused with: receipts for some of the invoices only; the rest would then be lost, so the cause stays
    unidentified.
    """
    found = {line.invoice_key: line.hand_receipts[0] for line in reading.lines}
    proof = tuple((entered.receipt.id, entered.receipt.amount_minor) for entered in found.values())
    return _already_there(reading, matched, list(found.values()), proof)


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(*UNPOSTED, a("receipt", covers=True)),
    certain=None,
)
def receipt_entered_together(reading: Reading, matched: Matched) -> Conclusion:
    """Somebody recorded this payment by hand together with others, as one larger receipt.

    Shows as: a receipt larger than the payment stands on its invoices.
    Happens when: it stands on each invoice of the payment for exactly the allocated amount, and enough of it is not yet
    the proof of other payments.
    Remedy: dismiss, with our amount of that receipt as proof. Always only likely.
    Prevention: enter other checks apart from what came through the portal.
    Not to be confused with: a larger receipt that stands on the invoices for other amounts.
    """
    found = _best_first(reading.receipts[place] for place in matched.places("receipt"))
    proof = ((found[0].receipt.id, reading.evidence.payment.amount_minor),)
    return _already_there(reading, matched, found, proof, len(found))


@rule(
    Cause.RECEIPT_ALREADY_ENTERED,
    when=(*UNPOSTED, a("receipt", score=at_least(RECEIPT_POSSIBLE), **WHOLE_AMOUNT)),
    certain=None,
)
def receipt_of_same_amount(reading: Reading, matched: Matched) -> Conclusion:
    """The books hold a receipt of the same customer and amount that somebody may have entered for this payment.

    Shows as: money of the same amount lies on account, or partly on the payment's invoices.
    Happens when: nothing else ties the receipt to the payment, but nothing speaks against it either.
    Remedy: dismiss, with that receipt as proof, after a person looked. Always only likely.
    Prevention: write the transaction number into the reference of whatever is entered by hand.
    Not to be confused with: a receipt of the same amount that stands wholly on other invoices: that is other money.
    """
    found = _best_first(reading.receipts[place] for place in matched.places("receipt"))
    proof = ((found[0].receipt.id, reading.evidence.payment.amount_minor),)
    return _already_there(reading, matched, found, proof, len(found))


@rule(Cause.RECEIPT_DOUBLED, when=(a("payment", doubled=True),))
def receipt_doubled(reading: Reading, matched: Matched) -> Conclusion:
    """The books hold this payment more than once.

    Shows as: two or more living receipts with our mark for one payment, or more money in them than was paid.
    Happens when: a receipt was copied by hand with our mark in it, or a write was carried out twice.
    Remedy: escalate; a person removes one of them in the books, or dismisses. Nothing is ever posted again by itself.
    Prevention: do not copy receipts in the books; a copy takes our mark with it.
    Not to be confused with: a payment that needs several receipts in its books, one for each part.
    """
    del matched
    return Conclusion(Remedy.ESCALATE, (Remedy.DISMISS,), observations.our_receipts(reading))


@rule(
    Cause.RECEIPT_DELETED,
    when=(a("part", missing=True),),
    certain=(no("doubt", about="deletion"),),
)
def receipt_deleted(reading: Reading, matched: Matched) -> Conclusion:
    """Our receipt was in the books, and somebody deleted or voided it.

    Shows as: a payment that was posted is no longer in the books.
    Happens when: the books plainly say that the receipt is deleted or voided. Certain once it had been verified.
    Remedy: escalate; somebody wanted it gone. A person recreates the receipt, or dismisses.
    Prevention: ask before deleting a receipt with our mark; to move it, dismiss or reopen the payment here.
    Not to be confused with: a receipt that could not be read: a read that failed proves nothing.
    """
    because = tuple(fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place]))
    again = () if reading.marked else (Remedy.RECREATE_RECEIPT,)  # another part is there: recreating would double it
    return Conclusion(Remedy.ESCALATE, (*again, Remedy.DISMISS), because + observations.our_receipts(reading))


@rule(Cause.RECEIPT_CHANGED, when=(a("part", verified=True, changed=True),))
def receipt_changed(reading: Reading, matched: Matched) -> Conclusion:
    """Our receipt was in the books as it should be, and somebody changed its amount or its invoices.

    Shows as: the nightly proof finds another amount, or other invoices, than were posted.
    Happens when: the receipt had been verified and differs now.
    Remedy: escalate, with both sides shown. A person recreates the receipt, or dismisses.
    Prevention: leave receipts with our mark as they are and let the remedies here change them.
    Not to be confused with: books that put our receipt on account from the beginning (accepted_unapplied).
    """
    because = tuple(fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place]))
    return Conclusion(Remedy.ESCALATE, (Remedy.RECREATE_RECEIPT, Remedy.DISMISS), because)


#: Our receipts must add up to the payment, or a remedy for one of them leaves the rest unposted.
ALL_POSTED = (a("payment", complete=True),)


@rule(
    Cause.RECEIPT_DEPOSITED,
    when=(a("part", swallowed=True, frozen=True), no("doubt", about="fit")),
    whole=ALL_POSTED,
)
def receipt_deposited(reading: Reading, matched: Matched) -> Conclusion:
    """Our receipt should be applied to its invoices, but it is locked: in a bank deposit, or in a closed period.

    Shows as: our receipt lies on account, and its invoices could take it now.
    Happens when: somebody deposited it, or closed the period of its date, before it was applied.
    Remedy: the controller takes it out of the deposit or opens the period, then retry; or it stays on account.
    Prevention: deposit receipts after they are verified, or undo the deposit before mending them.
    Not to be confused with: a locked receipt whose invoices cannot take it anyway; keeping that on account needs no change.
    """
    del matched
    return Conclusion(Remedy.RETRY, (Remedy.KEEP_ON_ACCOUNT,), _swallowed(reading))


@rule(Cause.RECEIPT_DEPOSITED, when=(a("payment", refusal="receipt_deposited"),), certain=None)
def receipt_deposited_refused(reading: Reading, matched: Matched) -> Conclusion:
    """The books refused a change because the receipt is in a bank deposit.

    Shows as: a refusal that says so.
    Happens when: a receipt was deposited, or reconciled with the bank, before it was changed.
    Remedy: the controller takes it out of the deposit, then retry.
    Prevention: deposit receipts after they are verified.
    Not to be confused with: a refusal because the period is closed.
    """
    del matched
    otherwise = (Remedy.KEEP_ON_ACCOUNT,) if reading.marked else (Remedy.DISMISS, Remedy.ESCALATE)
    return Conclusion(Remedy.RETRY, otherwise, observations.refusal(reading) + observations.our_receipts(reading))


@rule(Cause.ACCEPTED_UNAPPLIED, when=(a("part", swallowed=True),), whole=ALL_POSTED)
def accepted_unapplied(reading: Reading, matched: Matched) -> Conclusion:
    """The books took our receipt but put it on account instead of on its invoices.

    Shows as: a receipt of ours with more on account than was meant; the invoices stay open.
    Happens when: less was open than the payment needs, and these books do not refuse then.
    Remedy: apply the receipt where its invoices can take it now, else keep it on account. Never a second receipt.
    Prevention: turn off the automatic application of credits, and post soon after the client paid.
    Not to be confused with: a receipt that was applied, verified, and changed afterwards (receipt_changed).
    """
    del matched
    swallowed = [part for part in reading.parts if part.swallowed]
    locked = [part for part in swallowed if part.frozen]
    because = _swallowed(reading)
    if not all(part.fits for part in swallowed):
        otherwise = () if locked else (Remedy.APPLY_RECEIPT,)
        return Conclusion(Remedy.KEEP_ON_ACCOUNT, otherwise, because)
    names = ", ".join(receipt(part.live) for part in locked if part.live is not None)
    blocked = capitalised(f"{names} is in a bank deposit or a closed period and may not be changed.") if locked else ""
    return Conclusion(Remedy.APPLY_RECEIPT, (Remedy.KEEP_ON_ACCOUNT,), because, blocked=blocked)


def _swallowed(reading: Reading) -> tuple[Fact, ...]:
    """The receipts that lie on account, and their invoices with the credits that may have been the reason."""
    swallowed = [part for part in reading.parts if part.swallowed]
    meant = {invoice_id for part in swallowed for invoice_id, _ in part.source.lines}
    facts = [fact for part in swallowed for fact in observations.part(reading, part)]
    for line in reading.lines:
        if line.invoice_key in meant:
            facts += observations.line(reading, line)
    return tuple(dict.fromkeys(facts))
