"""What is said when no single cause explains a payment: all the facts, and a remedy that can do no harm."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Money, Remedy
from receivables.evidence import BindingProblem, Evidence, Kin, NearCustomer, NearInvoice
from receivables.quoting import MESSAGE_AT_MOST, ended
from receivables.twins import folded
from receivables.words import Words, plain
from rules import fact_kinds, observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.kinds import kind
from rules.near import label_among, may_match, same_key
from rules.obstacles import in_the_way
from rules.patterns import a
from rules.reading import Reading
from rules.rest import rest_refused
from rules.rule import Matched, rule
from rules.situations import can_be_recorded, other_money

#: Problems of an allocation that leave open whose money it is.
NOBODY = (BindingProblem.SEVERAL_CUSTOMERS, BindingProblem.NO_SUCH_CUSTOMER)
WHY_AT_MOST = 500


@kind
def diagnosis_failed(fact: Fact, words: Words, *, why: str) -> str:
    return f"the diagnosis did not end: {plain(why, WHY_AT_MOST)}"


@kind
def near_invoice(fact: Fact, words: Words, *, written: str, customer: str, open: Money) -> str:
    """`written` is the number that the payment gives."""
    number = fact.document.removeprefix("invoice ")
    spelled = f"; {_spelled(written, number)}" if number != plain(written) and same_key(number, written) else ""
    return f"{fact.document} of {plain(customer)} has {fact_kinds.money(words, open)} open{spelled}."


@kind
def near_customer(fact: Fact, words: Words, *, kin: str, name: str) -> str:
    """How a customer of the books stands to the one that the payment names."""
    own = plain(name)
    return {
        Kin.NAMESAKE.value: f"“{own}” may mean {fact.document}.",
        Kin.SPELLING.value: f"{fact.document} is probably {own}, spelled differently.",
        Kin.FAMILY.value: f"{fact.document} is a parent, job or sister of {own}.",
        Kin.OTHER.value: f"{fact.document} is not {own}.",
    }.get(kin, f"{fact.document} is the payment's own.")


def _spelled(written: str, number: str) -> str:
    """Why two numbers that differ in form only are probably one."""
    probably = f"{plain(written)} may be {plain(number)}"
    if len(written) != len(number) and folded(written.lstrip("0")) == folded(number.lstrip("0")):
        return f"{probably} {'without its' if len(written) < len(number) else 'with'} leading zeros"
    alike = unicodedata.normalize("NFC", written) == unicodedata.normalize("NFC", number)
    return f"{probably}, written {'with other characters' if alike else 'differently'}"


@rule(Cause.UNIDENTIFIED, when=(a("payment", unposted=True, near=True),), certain=None)
def near_match(reading: Reading, matched: Matched) -> Finding:
    """No invoice or customer is named exactly as the payment says, but something near it is in the books.

    Shows as: the number without its leading zeros, with other dashes or in other capitals; the customer's name spelled
    differently; several customers of one name; or an invoice that belongs to a parent, a job, a sister or somebody else.
    Happens when: the portal or a spreadsheet writes numbers and names otherwise than the books, or one company pays for another.
    Remedy: match it. Nothing near is ever bound by itself. The same customer's takes one person, and a spelling that can mean
    nothing else is remembered for later payments (`resolve-now aliases`); another customer's takes two people each time.
    Prevention: let the portal take numbers and customer ids from the books.
    Not to be confused with: an invoice that is not in the books yet under any number.
    """
    finding = matched.finding(Remedy.MATCH, Remedy.RETRY, Remedy.DISMISS, Remedy.ESCALATE, because=_near(reading))
    return replace(finding, confidence=Confidence.UNIDENTIFIED)


def _near(reading: Reading) -> tuple[Fact, ...]:
    """What was not found as it is named, followed by what is near it and whose that is."""
    payment, facts = reading.evidence.payment, list[Fact]()
    whose: dict[str, NearCustomer | NearInvoice] = {}
    for line in reading.lines:
        if line.source.invoice_id or not line.source.problem:
            continue
        facts.append(observations.state(reading, line))
        for near in line.source.near:
            label, open_now = label_among(near, line.source.near), near.invoice.open_minor
            amount = Money(open_now, near.invoice.currency)
            made = near.invoice.created
            facts.append(near_invoice(f"invoice {label}", made, written=line.number, customer=_name(near), open=amount))
            whose.setdefault(near.customer.id, near)
    if not reading.lines:
        facts += observations.customer(reading)
    for of in reading.evidence.near_customers:
        whose.setdefault(of.customer.id, of)
    for found in whose.values():
        if found.kin is not Kin.SAME:
            about = f"customer {plain(_name(found))}"
            facts.append(near_customer(about, found.customer.created, kin=found.kin.value, name=payment.customer))
    return tuple(facts)


def _name(near: NearCustomer | NearInvoice) -> str:
    """What people call the customer; with the id where the name alone does not tell."""
    name = near.customer.full_name or near.customer.name
    return f"{name} (#{near.customer.id})" if near.kin is Kin.NAMESAKE else name


@rule(Cause.UNIDENTIFIED, when=(), certain=None)
def unidentified(reading: Reading, matched: Matched) -> Finding:
    """No rule explains the whole payment, or several things are wrong that no one remedy fixes.

    Shows as: a payment that does not fit, with facts that point in no or in several directions.
    Happens when: none of the causes above fits the whole payment.
    Remedy: recreate the receipt (apply what fits, keep the rest on account) while the failure is isolated, every read
    succeeded, nothing of ours is or may be in the books, and no receipt by hand may be this money; otherwise escalate.
    Where a receipt by hand is other money, say so; then ours is recorded. Where an invoice or the customer was not found, name
    it: match. Retry where everything fits by now. Where the books refused for a reason of their own, the card shows what they
    said: correct what it names, then retry.
    Prevention: none that is known; where it happens again and again, tell us, because then it has a cause of its own.
    Not to be confused with: a certain cause. Whoever decides sees every fact.
    """
    because = observations.everything(reading)
    match = (Remedy.MATCH,) if reading.may_post and may_match(reading.evidence) else ()
    if not in_the_way(reading) or rest_refused(reading):
        told = reading.marked or any(_unexplained(fact) for fact in because)
        fits = () if told else (fact_kinds.fits_now(),)
        return matched.finding(Remedy.RETRY, Remedy.DISMISS, Remedy.ESCALATE, because=(*fits, *because))
    if reading.evidence.isolated and _harmless(reading):
        return matched.finding(Remedy.RECREATE_RECEIPT, *match, Remedy.DISMISS, Remedy.RETRY, Remedy.ESCALATE, because=because)
    other = other_money(reading, reading.suspects) if reading.may_post else ()
    return matched.finding(Remedy.ESCALATE, *other, *match, Remedy.DISMISS, Remedy.RETRY, because=because)


def _unexplained(fact: Fact) -> bool:
    """Whether the books refused for a reason that no document tells: it may be in the way still."""
    return fact.fact == "books_refused" and fact.value("unexplained") is True


def _harmless(reading: Reading) -> bool:
    """Recording a receipt now cannot double this payment, and it is clear for whom."""
    clear = all(line.flaw is not Flaw.UNREAD and line.source.problem not in NOBODY for line in reading.lines)
    return clear and can_be_recorded(reading)


def fits_again(evidence: Evidence) -> Diagnosis:
    """The payment fits again: somebody fixed it in the books."""
    finding = Finding(Cause.UNIDENTIFIED, "fits_now", Remedy.RETRY, Confidence.CERTAIN)
    return Diagnosis(finding, payment=observations.the_payment(evidence.payment))


def not_diagnosed(evidence: Evidence, why: str) -> Diagnosis:
    """The rules could not judge the payment, and a person must look."""
    label = f"payment {plain(evidence.payment.transaction_number)}"
    finding = Finding(
        Cause.UNIDENTIFIED,
        "diagnosis_failed",
        Remedy.ESCALATE,
        Confidence.UNIDENTIFIED,
        alternatives=(Remedy.DISMISS, Remedy.RETRY),
        because=(diagnosis_failed(label, Stamp("", evidence.taken_at), why=why),),
    )
    return Diagnosis(
        finding,
        not_checked=(fact_kinds.unchecked(what="everything: the rules engine did not finish"),),
        payment=observations.the_payment(evidence.payment),
    )


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    finding, number = diagnosis.primary, phrases.transaction(diagnosis)
    if finding.rule == "fits_now":
        return f"Payment {number} fits again; it was fixed in the books."
    if finding.rule == "diagnosis_failed":
        return f"Payment {number} could not be diagnosed by the rules; a person must look at it in the books."
    if finding.rule == "near_match":
        return phrases.told(_nearest(finding), words)
    amount = phrases.amount(diagnosis, words)
    if finding.facts("fits_now"):
        return f"Everything is open now, and the payment of {amount} would fit as it is."
    refused = finding.facts("books_refused")
    if refused and finding.remedy is Remedy.RETRY:
        said = ended(plain(refused[0].text("message"), MESSAGE_AT_MOST))
        return f"{phrases.refused_it(diagnosis, words)}. {said}"
    not_all = " Not everything could be read." if finding.facts("not_read") else ""
    said = phrases.told(_wrong(finding), words) or "Nothing that was read explains it."
    return f"No single cause explains this payment of {amount}. {said}{not_all}"


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.rule == "near_match":
        return "Choose which one is meant." if _several(finding) else ""
    if finding.facts("books_refused") and finding.remedy is Remedy.RETRY and not finding.facts("fits_now"):
        return "Correct what that names in the books, then retry."
    return ""


def why(diagnosis: Diagnosis, words: Words) -> str:
    finding = diagnosis.primary
    if finding.facts("near_invoice"):
        return "Invoice number differs in the books"
    if finding.facts("near_customer"):
        return "Customer name differs in the books"
    if finding.rule == "fits_now" or finding.facts("fits_now"):
        return "Fits now"
    if finding.facts("books_refused") and finding.remedy is Remedy.RETRY:
        return "Rejected in the books"
    return "Cause unknown"


def _nearest(finding: Finding) -> list[Fact]:
    """What is near, or, where nothing is near an allocation, that it was not found."""
    near = finding.facts("near_invoice", "near_customer")
    return list(near or finding.because)


def _several(finding: Finding) -> bool:
    """Whether there is more than one invoice for a number, or more than one customer and no invoice."""
    invoices = [fact.text("written") for fact in finding.facts("near_invoice")]
    return len(invoices) > len(set(invoices)) if invoices else len(finding.facts("near_customer")) > 1


def _wrong(finding: Finding) -> list[Fact]:
    """Our receipts, the customer, receipts that may be this money, invoices that do not fit, and an unexplained refusal."""
    fits = {fact.document for fact in finding.facts("invoice_open")}
    entered = [fact for fact in finding.facts("receipt_by_hand") if fact.value("suspect")]
    ours = finding.facts("receipt_ours", "customer_unknown", "customer_unread", "customer_merged", "customer_inactive")
    invoices = [
        fact
        for fact in finding.because
        if fact.fact.startswith(("invoice_", "credit_applied_", "receipt_of_other_"))
        and fact.document not in fits
        and fact.text("invoice") not in fits
    ]
    return [*ours, *entered, *invoices, *(fact for fact in finding.because if _unexplained(fact))]


CAUSE = CauseFile(
    Cause.UNIDENTIFIED,
    title="Cause unknown",
    rules=(near_match, unidentified),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
