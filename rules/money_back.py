"""What the causes of money that went back share: how it is found, what may be done, and how it is said.

What is told when it comes in, before anything is read, is in `rules/reversals.py`.
"""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.effects import EffectKind
from receivables.evidence import Evidence
from receivables.payment import FeedStatus, Payment
from receivables.words import Words, capitalized, plain
from rules import observations, ours, phrases, return_reasons
from rules.kinds import kind
from rules.money_gone import KINDS, MoneyGone, by_hand, money_gone, uncertain
from rules.reading import Reading, read
from rules.rule import Matched
from rules.situations import other_money
from rules.voiding import kept_by_the_books, voidable

INTAKE = "intake"  # the rule of what is told when it comes in
SETTLED = "settled"  # the rule of what ended by itself
CAUSES = {
    FeedStatus.RETURNED: Cause.PAYMENT_RETURNED,
    FeedStatus.REFUNDED: Cause.PAYMENT_REFUNDED,
    FeedStatus.CHARGED_BACK: Cause.PAYMENT_CHARGED_BACK,
    FeedStatus.FAILED: Cause.PAYMENT_FAILED,
}
_RECORDED_AS = {cause: KINDS[status].value for status, cause in CAUSES.items()}
_TOLD_OF_A_PART = ("paid_after_all", "partly_refunded", "out_twice", "won_again")
_TOLD = ("payment_returned", "payment_refunded", "payment_charged_back", "payment_failed")


@kind
def paid_after_all(fact: Fact, words: Words, *, before: str, state: str = "") -> str:
    """`state` is in what version 0.1.0 stored."""
    was = before.replace("_", " ")
    return f"The portal reported {fact.document} as {was}, and now reports it as paid after all."


def settled(evidence: Evidence) -> Diagnosis:
    """What is kept of money that went back when nothing of it is left in the books."""
    reading = read(evidence)
    because = _because(reading, money_gone(reading))
    finding = Finding(CAUSES[evidence.payment.status], SETTLED, Remedy.DISMISS, Confidence.CERTAIN, because=because)
    return Diagnosis(finding, payment=observations.the_payment(evidence.payment))


def _label(payment: Payment) -> str:
    return f"payment {plain(payment.transaction_number)}"


# --- what the rules conclude ------------------------------------------------------------------------------------------


def went_back(reading: Reading, matched: Matched) -> Finding:
    """Nothing is ever posted for money that is gone. Whatever the books count of it is balanced by an entry of its own day."""
    gone = money_gone(reading)
    because = _because(reading, gone)
    if not gone.stands:
        first = (Remedy.DISMISS, Remedy.ESCALATE) if reading.unposted else (Remedy.ESCALATE, Remedy.DISMISS)
        return matched.finding(*first, because=because)
    if unsaid := uncertain(reading):
        return matched.finding(*other_money(reading, unsaid), Remedy.ESCALATE, because=because)
    other = () if reading.marked else other_money(reading, reading.suspects)
    return matched.finding(Remedy.RECORD_RETURN, *other, Remedy.ESCALATE, because=because)


def held_by_the_network(reading: Reading, matched: Matched) -> Finding:
    """While a dispute is open the receipt may stay until it is won or lost; or the chargeback is recorded at once. Not so where
    only a part is in dispute: how much of it goes out is not said yet.
    """
    gone = money_gone(reading)
    at_once = bool(gone.stands) and not reading.evidence.payment.status_minor and not uncertain(reading)
    record = (Remedy.RECORD_RETURN,) if at_once else ()
    return matched.finding(Remedy.WAIT, *record, Remedy.ESCALATE, because=_because(reading, gone))


def never_came(reading: Reading, matched: Matched) -> Finding:
    """No cash ever moved: what we recorded of it is voided, or balanced by an entry where the books must keep it."""
    gone = money_gone(reading)
    because = _because(reading, gone)
    if not gone.stands:
        return went_back(reading, matched)
    if EffectKind.VOID_RECEIPT in reading.evidence.able and voidable(reading):
        return matched.finding(Remedy.VOID_RECEIPT, Remedy.ESCALATE, because=because)
    if any(kept_by_the_books(receipt, reading.evidence) for receipt in reading.marked):
        return went_back(reading, matched)
    return matched.finding(Remedy.ESCALATE, because=because)


def came_after_all(reading: Reading, matched: Matched) -> Finding:
    """The feed takes back that the money went back: a person says so too before anything follows from it."""
    of, gone = reading.evidence.payment, money_gone(reading)
    told = paid_after_all(_label(of), before=str(reading.evidence.told_before))
    because = (told, *_because(reading, gone))
    if any(receipt in gone.offset for receipt in reading.marked):
        return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, because=because)
    return matched.finding(Remedy.RETRY, Remedy.ESCALATE, Remedy.DISMISS, because=because)


def _because(reading: Reading, gone: MoneyGone) -> tuple[Fact, ...]:
    receipts = {receipt.id: receipt for receipt in (*gone.stands, *gone.offset)}
    return (
        *observations.money_back(reading),
        *ours.receipts(reading),
        *(observations.hand_receipt(found) for found in by_hand(reading)),
        *(observations.money_out(entry, receipts[entry.receipt_id]) for entry in gone.entries),
    )


# --- words ------------------------------------------------------------------------------------------------------------


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if told := finding.facts(*_TOLD_OF_A_PART):
        return phrases.told(told, words)
    what = _what_happened(diagnosis, words)
    receipts, entries = finding.facts("receipt_ours", "receipt_by_hand"), finding.facts("money_out")
    if finding.rule == INTAKE:
        return what
    if not receipts:
        return f"{what} Nothing of it is in the books{'' if finding.rule == SETTLED else '; it can be dismissed'}."
    if finding.rule == SETTLED:
        return f"{what} {capitalized(phrases.documents(receipts))} and {phrases.documents(entries)} add up to zero."
    return what


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.facts(*_TOLD_OF_A_PART):
        return " ".join([*_after_all(finding), *_record_it(finding, words)])
    receipts = finding.facts("receipt_ours", "receipt_by_hand")
    if finding.rule == INTAKE:
        return "If a receipt for it is in the books, it is balanced there by a separate entry."
    if not receipts or finding.rule == SETTLED:
        return ""
    return " ".join(filter(None, (_what_to_do(finding, phrases.documents(receipts), words), _advice(finding))))


def why(diagnosis: Diagnosis, words: Words) -> str:
    """What a bookkeeper calls it: an ACH return with its code, a chargeback, a refund."""
    finding = diagnosis.primary
    if finding.facts("paid_after_all"):
        return "Paid after all"
    if finding.facts("partly_refunded"):
        return "Partly refunded" if finding.cause is Cause.PAYMENT_REFUNDED else "Part of it went back"
    if finding.facts("out_twice"):
        return "Went back more than once"
    if finding.facts("won_again"):
        return "Chargeback won after it was recorded"
    told = next(iter(finding.facts(*_TOLD)), None)
    match finding.cause:
        case Cause.PAYMENT_RETURNED:
            code = told.text("reason") if told else ""
            return f"ACH return{return_reasons.told(code)}" if return_reasons.is_ach(code) else "Returned by the bank"
        case Cause.PAYMENT_REFUNDED:
            return "Refunded in the portal"
        case Cause.PAYMENT_CHARGED_BACK if finding.remedy is Remedy.WAIT:
            return "Chargeback (open dispute)"
        case Cause.PAYMENT_CHARGED_BACK:
            return "Chargeback"
    return "Failed in the portal"


def _what_happened(diagnosis: Diagnosis, words: Words) -> str:
    """Payment TXN-1001 of $500.00 was returned on Mar 10, 2026 (R01, insufficient funds)."""
    finding = diagnosis.primary
    of = f"Payment {phrases.transaction(diagnosis)} of {phrases.amount(diagnosis, words)}"
    told = next(iter(finding.facts(*_TOLD)), Fact(finding.cause.value))
    day, reason = told.text("on"), return_reasons.told(told.text("reason"))
    on = f" on {words.day(date.fromisoformat(day))}" if day else ""
    if told.fact == "payment_failed":
        return f"{of} failed{reason}: no money came, according to the portal."
    return f"{of} was {told.fact.removeprefix('payment_').replace('_', ' ')}{on}{reason}, according to the portal."


def _what_to_do(finding: Finding, documents: str, words: Words) -> str:
    told = next(iter(finding.facts(*_TOLD)), None)
    day = told.text("on") if told else ""
    dated = f" dated {words.day(date.fromisoformat(day))}" if day else ""
    by_hand = finding.facts("receipt_by_hand")
    if finding.remedy is Remedy.NOT_DUPLICATE or (
        by_hand and finding.remedy is Remedy.ESCALATE and finding.facts("receipt_ours")
    ):
        return f"Say first whether {phrases.documents(by_hand)} is other money; then the rest is recorded."
    match finding.cause:
        case Cause.PAYMENT_RETURNED:
            return f"Record the return{dated} and keep {documents} as it is: its deposit is in the bank."
        case Cause.PAYMENT_REFUNDED:
            return f"Record the refund of {documents} as a separate entry{dated}; do not void the receipt."
        case Cause.PAYMENT_CHARGED_BACK if finding.remedy is Remedy.WAIT:
            kept = f"The dispute is open and the card network holds the money. Leave {documents} in place until it is decided"
            return f"{kept}{', or record the chargeback now' if Remedy.RECORD_RETURN in finding.alternatives else ''}."
        case Cause.PAYMENT_CHARGED_BACK:
            return f"The dispute was lost. Record the chargeback{dated} and its fee separately, and keep {documents} as it is."
    if finding.remedy is Remedy.VOID_RECEIPT:
        return f"Void {documents}: no cash ever moved."
    if finding.remedy is Remedy.RECORD_RETURN:
        kept = f"{capitalized(documents)} is in a bank deposit or a closed period and stays there."
        return f"{kept} Record an entry{dated} that balances it."
    return f"Void {documents} in the books if nothing was deposited with it; nothing is changed automatically."


def _advice(finding: Finding) -> str:
    told = finding.facts("payment_returned")
    return return_reasons.advice(told[0].text("reason")) if told else ""


def _after_all(finding: Finding) -> list[str]:
    if not finding.facts("paid_after_all"):
        return []
    if finding.facts("money_out"):
        entries, receipts = phrases.documents(finding.facts("money_out")), phrases.documents(finding.facts("receipt_ours"))
        both = f"{capitalized(receipts)} and {entries} are in the books."
        return [f"{both} If the money is there, take {entries} out of the books first."]
    if finding.facts("receipt_ours"):
        return [f"If the money is there, {phrases.documents(finding.facts('receipt_ours'))} stays as it is."]
    return ["If the money is there, it is checked again and posted."]


def _record_it(finding: Finding, words: Words) -> list[str]:
    """What is to be done about money that went out beside the payment."""
    if finding.facts("won_again"):
        return ["Record in the books that it came back, or take that entry out; then name the document here."]
    for told in finding.facts("partly_refunded"):
        each = "each part" if len(_ways(told)) > 1 else f"the {went_back_as(finding.cause)}"
        once = "" if told.value("posted") is not False else "Once its receipt is there, record"
        return [f"{once or 'Record'} {each} as a separate entry; once the books show it, this ends by itself."]
    for told in finding.facts("out_twice"):
        excess = told.money("out").amount_minor - told.money("whole").amount_minor
        amount = words.money(excess, told.money("whole").currency)
        said = f"Record the {amount} too, in the books, as a separate entry, and name it here; or dismiss it, where the "
        won = any("charged_back" in way for way in _ways(told))
        return [f"{said}portal told the same money twice.", *(["It ends by itself where the dispute is won."] if won else [])]
    return []


def _ways(told: Fact) -> tuple[str, ...]:
    ways = told.value("ways")
    return ways if isinstance(ways, tuple) else ()


def went_back_as(cause: Cause) -> str:
    """What is recorded of money that went back for this cause: a return, a refund or a chargeback."""
    return _RECORDED_AS.get(cause, "return")


def went_several_ways(finding: Finding) -> bool:
    """Whether parts of the payment went out by different ways, so that no single word names what is recorded."""
    ways = {way.partition(" ")[0] for told in finding.facts("partly_refunded") for way in _ways(told)}
    return len(ways) > 1
