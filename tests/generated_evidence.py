"""Evidence by the thousand, from one seed: each begins as a plausible story, then a few things about it are disturbed.

The stories are weighted so that every cause is common; the disturbances make neighbours of causes, which is where rules
go wrong. The generator is handed in, so that a seed gives the same evidence for ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from evidence_makers import CUSTOMER, PAID_AT, a_credit, a_customer, a_line, a_receipt, an_evidence, an_invoice

from receivables.books_records import Gone, InvoiceStatus, MoneyOut, MoneyOutKind, Receipt, Stamp
from receivables.credit_reasons import CreditReason
from receivables.effects import EffectKind, EffectState
from receivables.evidence import (
    BindingProblem,
    Evidence,
    Kin,
    LineEvidence,
    NearInvoice,
    OtherPayment,
    PostedPart,
    ReceiptEvidence,
    Refused,
    Vanished,
)
from receivables.payment import Dispute, FeedStatus

#: Numbers of payments: long, short, with zeros in front, of many words, and longer than what a package keeps.
NUMBERS = ("TXN-1001", "TXN-1001", "txn_20991", "TXN-1", "1000", "00420042", "550e8400-e29b-41d4-a716-446655440000")
CUT_AT = 21
AMOUNTS = (100, 200, 300, 300, 500)
PEOPLE = ("dana", "erin", "")


def _moment(rng: random.Random) -> datetime:
    return PAID_AT + timedelta(hours=rng.choice((-48, -1, 0, 0, 1, 24, 48, 96)))


def _stamp(rng: random.Random) -> Stamp:
    return Stamp(rng.choice(PEOPLE), _moment(rng))


def _fitting(rng: random.Random, place: int) -> LineEvidence:
    amount = rng.choice(AMOUNTS)
    invoice = an_invoice(number=str(1000 + place), total_minor=500, open_minor=amount + rng.choice((0, 0, 100)))
    return a_line(line=place, amount_minor=amount, invoice=invoice, number=invoice.number)


def _credited(rng: random.Random, place: int) -> LineEvidence:
    line = _fitting(rng, place)
    assert line.invoice is not None
    taken = [rng.choice((10, 20, 50, 50, 100)) for _ in range(rng.choice((1, 1, 2, 3)))]
    short = max(1, sum(taken) - rng.choice((0, 0, 0, 10, 40, -10)))
    credits = tuple(
        a_credit(id=f"a-{place}-{n}", memo=f"M{n}", invoice_id=line.invoice.id, amount_minor=amount, applied=_stamp(rng))
        if rng.random() < 0.3
        else a_credit(
            id=f"a-{place}-{n}",
            memo=f"M{n}",
            invoice_id=line.invoice.id,
            amount_minor=amount,
            applied=Stamp("dana", PAID_AT + timedelta(hours=rng.choice((1, 24, 24, 48)))),
        )
        for n, amount in enumerate(taken)
    )
    invoice = an_invoice(number=line.invoice.number, total_minor=500, open_minor=max(0, line.amount_minor - short))
    if rng.random() < 0.2:
        return _signed(rng, replace(line, invoice=invoice, credits=credits))
    return replace(line, invoice=invoice, credits=credits)


def _signed(rng: random.Random, line: LineEvidence) -> LineEvidence:
    """Credits of another reason than a genuine one, or that the books share with another invoice; sometimes a rebill."""
    dated, whole = rng.choice((None, date(2026, 2, 20), date(2026, 3, 5), date(2026, 3, 5))), rng.choice((0, 0, 0, 30))
    credits = tuple(
        replace(
            credit,
            reason=rng.choice(list(CreditReason)),
            shared=rng.random() < 0.2,
            dated=dated,
            of_minor=credit.amount_minor + whole,
        )
        if rng.random() < 0.7
        else credit
        for credit in line.credits
    )
    rebilled = rng.choice((0, 1, 1, 2)) if any(credit.reason is CreditReason.REBILL for credit in credits) else 0
    made = Stamp("frank", PAID_AT + timedelta(hours=24))
    rebills = tuple(an_invoice(id=f"b-{line.line}-{n}", number=f"30{n}", created=made) for n in range(rebilled))
    return replace(line, credits=credits, successors=rebills)


def _late(rng: random.Random, place: int) -> LineEvidence:
    """Entered after the customer paid; sometimes paid or a draft already, or twice."""
    number, amount = str(1000 + place), rng.choice(AMOUNTS)
    found = tuple(
        an_invoice(
            id=f"l-{place}-{n}",
            number=number,
            open_minor=rng.choice((amount, amount, 50, 0)),
            created=Stamp("frank", PAID_AT + timedelta(hours=rng.choice((1, 24, 24 * 20)))),
        )
        for n in range(rng.choice((1, 1, 1, 2)))
    )
    return LineEvidence(place, amount, number, BindingProblem.ONLY_NEWER, successors=found)


def _lost(rng: random.Random, place: int) -> LineEvidence:
    number, amount = str(1000 + place), rng.choice(AMOUNTS)
    successors = tuple(
        an_invoice(
            id=f"s-{rng.choice((place, place, 9))}-{n}",
            number=rng.choice((number, number, number, "2000")),
            open_minor=amount + rng.choice((0, 0, 0, 0, 100, 100, -1, -1, -amount)),
            status=rng.choice((InvoiceStatus.OPEN, InvoiceStatus.OPEN, InvoiceStatus.OPEN, InvoiceStatus.DRAFT)),
            customer_id=rng.choice((CUSTOMER, CUSTOMER, CUSTOMER, CUSTOMER, "c-other")),
            total_minor=rng.choice((amount, 50_000)),
            created=Stamp("frank", PAID_AT + timedelta(hours=rng.choice((-24, 0, 1, 24, 48, 48, 24 * 10, 24 * 40)))),
            origin=rng.choice(("", "", "estimate 7")),
        )
        for n in range(rng.choice((0, 1, 1, 1, 1, 1, 1, 2)))
    )
    how = rng.choice(("gone", "gone", "gone", "gone", "gone", "voided", "voided", "newer"))
    if how == "newer":
        return LineEvidence(place, amount, number, BindingProblem.ONLY_NEWER, successors=successors)
    if how == "voided":
        origin = rng.choice(("", "estimate 7"))
        voided = an_invoice(number=number, open_minor=0, status=InvoiceStatus.VOIDED, origin=origin)
        return a_line(line=place, amount_minor=amount, invoice=voided, number=number, successors=successors)
    deleted = Stamp("dana", PAID_AT + timedelta(hours=24)) if rng.random() < 0.8 else None
    gone = Gone("invoice", f"i-{number}", deleted, rng.choice((number, "")))
    shown = number if rng.random() < 0.9 else ""
    line = a_line(line=place, amount_minor=amount, invoice=gone, successors=successors)
    return replace(
        line,
        invoice_number=shown,
        lost_minor=rng.choice((None, amount, 50_000)),
        never_seen=rng.random() < 0.1,
        lost_origin=rng.choice(("", "estimate 7")),
    )


def _voided(rng: random.Random, place: int) -> LineEvidence:
    """Voided for good, sometimes beside other open invoices of the customer."""
    number, amount = str(1000 + place), rng.choice(AMOUNTS)
    invoice = an_invoice(number=number, open_minor=0, status=InvoiceStatus.VOIDED)
    others = tuple(
        an_invoice(
            id=f"b-{place}-{n}",
            number=str(3000 + n),
            open_minor=rng.choice((amount, amount, 70, 0)),
            customer_id=rng.choice((CUSTOMER, CUSTOMER, CUSTOMER, "c-other")),
            created=Stamp("frank", PAID_AT - timedelta(days=20)),
        )
        for n in range(rng.choice((0, 0, 1, 1, 2)))
    )
    return a_line(line=place, amount_minor=amount, invoice=invoice, number=number, successors=others)


def _not_ready(rng: random.Random, place: int) -> LineEvidence:
    number, amount = str(1000 + place), rng.choice(AMOUNTS)
    if rng.random() < 0.8:
        invoice = an_invoice(number=number, open_minor=amount, status=InvoiceStatus.DRAFT)
        return a_line(line=place, amount_minor=amount, invoice=invoice, number=number)
    problem = rng.choice((BindingProblem.NO_SUCH_INVOICE, BindingProblem.NO_SUCH_INVOICE, BindingProblem.ONLY_DRAFT))
    near = _near(rng, number) if problem is BindingProblem.NO_SUCH_INVOICE else ()
    return a_line(line=place, amount_minor=amount, number=number, problem=problem, near=near)


def _near(rng: random.Random, number: str) -> tuple[NearInvoice, ...]:
    """Sometimes what may be meant is there, spelled differently or of another customer."""
    if rng.random() < 0.7:
        return ()
    kin = rng.choice(list(Kin))
    owner = CUSTOMER if kin is Kin.SAME else f"c-{kin}"
    invoice = an_invoice(number=f"00{number}", customer_id=owner, open_minor=rng.choice(AMOUNTS))
    return (NearInvoice(invoice, a_customer(id=owner, name=owner), kin),)


def _foreign(rng: random.Random, place: int) -> LineEvidence:
    line = _fitting(rng, place)
    return replace(line, invoice=an_invoice(number=line.invoice_number, open_minor=line.amount_minor, currency="EUR"))


def _overpaid(rng: random.Random, place: int) -> LineEvidence:
    """Paid with more than the whole invoice; sometimes something was taken from it besides."""
    line = _fitting(rng, place)
    fee = line.amount_minor * 3 // 103
    whole = max(1, line.amount_minor - rng.choice((1, 15, 50, fee, fee)))
    taken = rng.choice((0, 0, 0, 10))
    return replace(line, invoice=an_invoice(number=line.invoice_number, total_minor=whole, open_minor=max(0, whole - taken)))


def _moved(rng: random.Random, place: int) -> LineEvidence:
    line = _fitting(rng, place)
    return replace(line, invoice=an_invoice(number=line.invoice_number, customer_id=rng.choice(("c-other", "c-other", "c-big"))))


def _unclear(rng: random.Random, place: int) -> LineEvidence:
    line = _fitting(rng, place)
    return LineEvidence(place, line.amount_minor, line.invoice_number, rng.choice(list(BindingProblem)))


def _short(rng: random.Random, place: int) -> LineEvidence:
    line = _fitting(rng, place)
    return replace(line, invoice=an_invoice(number=line.invoice_number, open_minor=rng.randrange(line.amount_minor)))


LINES: tuple[Callable[[random.Random, int], LineEvidence], ...] = (
    _fitting, _credited, _lost, _voided, _not_ready, _foreign, _unclear, _short, _overpaid, _moved, _late,
)  # fmt: skip
WEIGHTS = (5, 5, 8, 2, 2, 2, 1, 2, 6, 2, 2)


def _lines(rng: random.Random) -> tuple[LineEvidence, ...]:
    count = rng.choice((1, 1, 1, 2, 2, 3))
    kind = rng.choices(LINES, WEIGHTS)[0]
    lines = []
    for place in range(count):
        make = kind if rng.random() < 0.6 else rng.choices((_fitting, rng.choice(LINES)), (4, 1))[0]
        lines.append(make(rng, place))
    if count > 1 and rng.random() < 0.1:  # two allocations to one invoice
        lines[1] = replace(lines[0], line=1, amount_minor=rng.choice(AMOUNTS))
    return tuple(lines)


def _pairs(lines: tuple[LineEvidence, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((line.invoice_id, line.amount_minor) for line in lines if line.invoice_id)


def _spelled(rng: random.Random, number: str) -> str:
    """The number as somebody types it, mostly; sometimes a longer, a shorter or another one."""
    style = rng.randrange(10)
    if style == 0:
        return rng.choice((number + "7", "X" + number, number[:-1], number + "-2"))
    if style == 1:
        return rng.choice((number.upper(), number.swapcase(), number.title()))
    if style == 2:
        return "".join(character for character in number if character.isalnum())
    if style == 3:
        return number.replace("-", " ").replace("_", ".")
    if style == 4:
        return rng.choice(("0" + number, "000" + number, number.lstrip("0")))
    if style == 5:
        return number.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    return number


def _written(rng: random.Random, number: str) -> dict[str, Any]:
    """What the texts of a receipt say: nothing, the number in one of them, or a check's number."""
    spelled = _spelled(rng, number)
    text = rng.choice((spelled, spelled, f" {spelled} ", f"re {spelled}!", f"Hooli {spelled}, card", f"{spelled} TXN-2002"))
    place = rng.choice(("", "", "", "", "reference", "reference", "memo", "texts", "deposit", "cut"))
    told: dict[str, Any] = {"reference": rng.choice(("", "", "", "check 88", "1000", "wire", "TXN-2002", "feed 7"))}
    if place == "cut":
        told["reference"] = rng.choice((f"Stripe {spelled}", spelled, f"Hooli Inc, paid {spelled}"))[:CUT_AT]
    elif place == "texts":
        told["texts"] = ("line 1", text)
    elif place:
        told[place] = text
    return told


def _hand_receipt(rng: random.Random, name: str, lines: tuple[LineEvidence, ...], amount: int, number: str) -> ReceiptEvidence:
    pairs = _pairs(lines)
    near = max(1, amount - rng.choice((1, amount // 33, amount // 17, amount // 16, amount // 12)))
    others = (amount + 100, max(1, amount - 50), near, near, sum(a for _, a in pairs) or 1)
    total = rng.choice((amount, amount, amount, amount, *others))
    style = rng.choice(("exact", "exact", "one", "none", "elsewhere", "beside"))
    stands = {
        "exact": pairs,
        "one": pairs[:1],
        "none": (),
        "elsewhere": (("i-77", total),),
        "beside": (*pairs, ("i-77", 100)),
    }[style]
    if style == "one" and pairs and rng.random() < 0.5:
        total = pairs[0][1]
    if style == "exact" and len(pairs) == 1 and total < pairs[0][1]:
        stands = ((pairs[0][0], total),)
    total = max(total, sum(a for _, a in stands))
    receipt = a_receipt(
        id=name,
        amount_minor=total,
        customer_id=rng.choice((CUSTOMER,) * 9 + ("c-other", "c-big")),
        currency=rng.choice(("USD",) * 9 + ("EUR",)),
        received_on=date(2026, 3, 3) + timedelta(days=rng.choice((-30, -7, -4, -1, 0, 1, 1, 3, 4, 7, 8))),
        method=rng.choice(("", "", "check", "E-Check", "Card", "cash", "Wire transfer")),
        voided=rng.random() < 0.05,
        created=_stamp(rng),
        lines=stands,
        **_written(rng, number),
    )
    ours = rng.random() < 0.05
    claimed = rng.choice((0, 0, 0, 0, 0, 100, total, max(0, total - amount)))
    rivals = ("TXN-2002",) if rng.random() < 0.15 else ()
    other_money = "check 88" if rng.random() < 0.06 else ""
    return ReceiptEvidence(receipt, ours, False, claimed, rivals, rng.choice(("",) * 9 + ("TXN-2002",)), other_money)


def _receipts(rng: random.Random, lines: tuple[LineEvidence, ...], amount: int, number: str) -> tuple[ReceiptEvidence, ...]:
    if rng.random() < 0.04:  # two receipts that name the payment
        part = rng.randrange(1, amount)
        halves = (part, amount - part - rng.choice((0, 0, 0, 1)))
        return tuple(
            ReceiptEvidence(a_receipt(id=f"r-{n}", amount_minor=half, reference=_spelled(rng, number)), False, False)
            for n, half in enumerate(halves)
            if half
        )
    if rng.random() < 0.15 and len(_pairs(lines)) > 1:  # one receipt for each invoice
        found = [
            ReceiptEvidence(a_receipt(id=f"r-{n}", amount_minor=a, lines=((i, a),)), False, False)
            for n, (i, a) in enumerate(_pairs(lines))
        ]
        return tuple(found[: len(found) - (rng.random() < 0.3)])
    count = rng.choices((0, 1, 2, 3), (6, 3, 1, 1))[0]
    return tuple(_hand_receipt(rng, f"r-{n}", lines, amount, number) for n in range(count))


def _paid_before(
    rng: random.Random, lines: tuple[LineEvidence, ...], receipts: tuple[ReceiptEvidence, ...]
) -> tuple[tuple[LineEvidence, ...], tuple[ReceiptEvidence, ...]]:
    """Another payment of ours took of the first invoice; sometimes somebody else did too."""
    taken, first = rng.choice((50, 100, 300)), lines[0]
    whole = taken if rng.random() < 0.5 else first.amount_minor + taken - rng.choice((1, 10, 10, 50, 0))
    left = max(0, whole - taken - rng.choice((0, 0, 0, 20)))
    invoice = an_invoice(number=first.invoice_number, total_minor=whole, open_minor=left)
    line = a_line(line=first.line, amount_minor=first.amount_minor, invoice=invoice, number=first.invoice_number)
    memo = "rn-abcdefghijklmnop.1.1" if rng.random() < 0.5 else ""
    halves = (taken // 2, taken - taken // 2) if rng.random() < 0.3 else (taken,)
    went_back = OtherPayment("TXN-900", FeedStatus.RETURNED, date(2026, 3, 10)) if rng.random() < 0.3 else None
    ours = [
        ReceiptEvidence(
            a_receipt(id=f"r-other-{n}", amount_minor=part, memo=memo, lines=((invoice.id, part),)),
            True,
            False,
            names_payment=rng.choice(("", "TXN-2002")),
            went_back=went_back,
        )
        for n, part in enumerate(halves)
    ]
    return (line, *lines[1:]), (*receipts, *ours)


def _part(rng: random.Random, number: int, lines: tuple[LineEvidence, ...], on_account: int) -> PostedPart:
    pairs, name = _pairs(lines), f"r-ours-{lines[0].line}"  # a part may be posted twice, a receipt is one document
    amount = sum(a for _, a in pairs) + on_account or 100
    state = rng.choices(
        (EffectState.DONE, EffectState.UNKNOWN, EffectState.SENDING, EffectState.NEEDS_PERSON, EffectState.FAILED,
         EffectState.SUPERSEDED, EffectState.PLANNED, EffectState.CANCELLED),
        (14, 1, 1, 1, 1, 1, 1, 1),
    )[0]  # fmt: skip
    stands = rng.choice((pairs, pairs, pairs[:-1], (), tuple((i, a // 2) for i, a in pairs), (("i-77", 50),)))
    money = rng.choice((amount,) * 9 + (amount + 50,))
    receipt: Receipt | Gone | None = a_receipt(
        id=name,
        amount_minor=max(money, sum(a for _, a in stands)),
        currency=rng.choice(("USD",) * 14 + ("EUR",)),
        deposited=rng.random() < 0.2,
        voided=rng.random() < 0.08,
        received_on=date(2026, 3, 3),
        lines=stands,
    )
    if state not in (EffectState.DONE, EffectState.SUPERSEDED) and rng.random() < 0.8:
        receipt = None
    elif rng.random() < 0.12:
        receipt = rng.choice((None, Gone("receipt", name, _stamp(rng)), Gone("receipt", name)))
    return PostedPart(
        number,
        1,
        state,
        amount,
        on_account,
        "" if receipt is None else receipt.id,
        receipt,
        rng.random() < 0.3,
        pairs,
        customer_id=rng.choice(("", CUSTOMER, CUSTOMER, CUSTOMER, CUSTOMER, CUSTOMER, "c-other")),
        received_on=rng.choice((None, *(date(2026, 3, 3),) * 8, date(2026, 3, 5))),
        deposit_account=rng.choice(("",) * 9 + ("Bank",)),
    )


def _posted(rng: random.Random, lines: tuple[LineEvidence, ...], on_account: int) -> tuple[PostedPart, ...]:
    if rng.random() < 0.65:
        return ()
    if len(lines) > 1 and rng.random() < 0.4:
        first = _part(rng, 1, lines[:1], 0)
        if rng.random() < 0.3:
            return (first,)  # the books refused the rest
        return (first, _part(rng, rng.choice((2, 2, 2, 1)), lines[1:], on_account))
    return (_part(rng, 1, lines, on_account),)


#: What the books said when they refused; oftener what is told, or certain, only where nothing else is wrong.
CODES = (
    "period_closed", "receipt_deposited", *("account_inactive",) * 3, "customer_inactive", "customer_mismatch",
    "currency_mismatch", "duplicate_reference", "duplicate_reference", "stale", "reference_inactive",
    *("access_lost", "throttled", "books_unavailable", "permission_missing") * 5,
)  # fmt: skip


def an_evidence_of(rng: random.Random) -> Evidence:
    """One evidence, drawn from the generator that is handed in."""
    lines = _lines(rng)
    on_account = rng.choice((0,) * 8 + (50,))
    allocated = sum(line.amount_minor for line in lines)
    amount = allocated + on_account
    number = rng.choice(NUMBERS)
    receipts = _receipts(rng, lines, amount, number)
    if rng.random() < 0.24:
        lines, receipts = _paid_before(rng, lines, receipts)
    posted = _posted(rng, lines, on_account)
    if rng.random() < 0.05:
        marked = [ReceiptEvidence(a_receipt(id=f"r-m{n}", amount_minor=amount), True, True) for n in range(rng.choice((1, 2)))]
        receipts = (*receipts, *marked)
    refusal = Refused(rng.choice(CODES), "no", datetime(2026, 3, 5, tzinfo=UTC)) if rng.random() < 0.35 else None
    merged = rng.random() < 0.04
    evidence = an_evidence(
        lines=lines,
        receipts=receipts,
        posted=posted,
        customer=a_customer(active=not merged and rng.random() > 0.06, merged_into="c-big" if merged else ""),
        without_customer=rng.random() < 0.03,
        amount_minor=amount,
        transaction_number=number,
        longest_reference=rng.choice((0, CUT_AT)),
        method=rng.choice(("card", "card", "card", "ACH", "")),
        vanished=(Vanished(a_receipt(reference=number), _stamp(rng)),) if rng.random() < 0.03 else (),
        closed_through=rng.choice((None,) * 6 + (date(2026, 2, 28), date(2026, 3, 3), date(2026, 3, 4))),
        received_on_closed=rng.random() < 0.06,
        isolated=rng.random() < 0.7,
        material=rng.random() < 0.2,
        refusal=refusal,
        unread=("receipts",) if rng.random() < 0.08 else (),
        status=rng.choice((FeedStatus.PAID,) * 26 + tuple(FeedStatus)[1:]),
        merged_into=a_customer(id="c-big", name="Hooli Group") if merged and rng.random() < 0.8 else None,
        awaited_long=rng.random() < 0.4,
    )
    evidence = replace(evidence, payment=replace(evidence.payment, fee_minor=rng.choice((0, 0, 15, 50))))
    if number in ("TXN-1", "1000", "00420042"):
        evidence = _merged_untold(evidence)
    return _maybe_deposit(rng, _what_went_back(rng, evidence))


def _maybe_deposit(rng: random.Random, evidence: Evidence) -> Evidence:
    """Recorded as a customer deposit: mostly all of it as one receipt that is as it was meant, on none of its invoices or one."""
    if rng.random() > 0.05:
        return evidence
    amount, number = evidence.payment.amount_minor, rng.randrange(1, 4)
    pairs = _pairs(evidence.lines[:1]) if number == 1 else ()
    on_account = amount - sum(minor for _, minor in pairs)
    receipt = a_receipt(
        id="r-deposit", amount_minor=amount, deposited=rng.random() < 0.1, received_on=date(2026, 3, 3), lines=pairs
    )
    part = PostedPart(1, 1, EffectState.DONE, amount, on_account, receipt.id, receipt, True, pairs, CUSTOMER, date(2026, 3, 3))
    recorded = replace(evidence, posted=(part,), receipts=(), refusal=None, is_deposit=True)
    return recorded if rng.random() < 0.8 else replace(evidence, is_deposit=True)


def _merged_untold(evidence: Evidence) -> Evidence:
    """An inactive customer in books that do not tell of mergers; of some payments our receipts went along with the invoices."""
    of = evidence.customer
    if of is None or of.active or of.merged_into:
        return evidence
    evidence = replace(evidence, merges_untold=True)
    if evidence.payment.transaction_number == "1000":
        return evidence
    posted = tuple(
        replace(part, customer_id=CUSTOMER, receipt=replace(part.receipt, customer_id="c-big"))
        if isinstance(part.receipt, Receipt)
        else part
        for part in evidence.posted
    )
    lines = tuple(
        line
        if line.invoice is None or isinstance(line.invoice, Gone)
        else replace(line, invoice=replace(line.invoice, customer_id="c-big"))
        for line in evidence.lines
    )
    return replace(evidence, posted=posted, lines=lines)


def _what_went_back(rng: random.Random, evidence: Evidence) -> Evidence:
    """What the feed had said before, how a dispute stands, and the entries by which money left the books again."""
    able = rng.choice(((), (EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT, EffectKind.VOID_CREDIT)))
    told_before = rng.choice((None,) * 40 + tuple(FeedStatus)[1:]) if evidence.payment.status is FeedStatus.PAID else None
    if evidence.payment.status is FeedStatus.PAID and told_before is None:
        return replace(evidence, able=able)
    receipts = [part.receipt for part in evidence.posted if isinstance(part.receipt, Receipt)]
    receipts += [found.receipt for found in evidence.receipts]
    out = tuple(
        MoneyOut(
            f"o-{place}", f"RT{place}", rng.choice(tuple(MoneyOutKind)), receipt.customer_id, receipt.currency,
            receipt.amount_minor - rng.choice((0, 0, 100)), date(2026, 3, 10), receipt.id, "1", _stamp(rng),
            rng.choice(("", "", evidence.payment.transaction_number)),
        )
        for place, receipt in enumerate(receipts)
        if rng.random() < 0.4
    )  # fmt: skip
    payment = replace(evidence.payment, dispute=rng.choice((Dispute.OPEN, Dispute.LOST)))
    if evidence.payment.status is not FeedStatus.CHARGED_BACK:
        payment = evidence.payment
    proven = tuple(replace(found, proves=rng.random() < 0.2) for found in evidence.receipts)
    evidence = replace(evidence, receipts=proven)
    return replace(evidence, payment=payment, able=able, told_before=told_before, money_out=out, went_back_on=date(2026, 3, 10))


def shuffled(evidence: Evidence, rng: random.Random) -> Evidence:
    """The same facts, read in another order."""

    def mixed(items: tuple[object, ...]) -> list[object]:
        return rng.sample(items, len(items))

    lines = tuple(
        replace(line, credits=tuple(mixed(line.credits)), successors=tuple(mixed(line.successors)))  # type: ignore[arg-type]
        for line in evidence.lines
    )
    receipts = tuple(
        replace(r, receipt=replace(r.receipt, lines=tuple(mixed(r.receipt.lines))))  # type: ignore[arg-type]
        for r in evidence.receipts
    )
    return replace(
        evidence,
        lines=tuple(mixed(lines)),  # type: ignore[arg-type]
        receipts=tuple(mixed(receipts)),  # type: ignore[arg-type]
        posted=tuple(mixed(evidence.posted)),  # type: ignore[arg-type]
        unread=tuple(mixed(evidence.unread)),  # type: ignore[arg-type]
    )
