"""Makers of evidence for the rules: every record with defaults, and evidence from the short form of tests/cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    Customer,
    Gone,
    Invoice,
    InvoiceStatus,
    MoneyOut,
    MoneyOutKind,
    Receipt,
    ReceiptLine,
    Stamp,
)
from receivables.credit_reasons import CreditReason
from receivables.effects import EffectKind, EffectState
from receivables.evidence import (
    BindingProblem,
    Evidence,
    Kin,
    LineEvidence,
    NearCustomer,
    NearInvoice,
    OtherPayment,
    PostedPart,
    ReceiptEvidence,
    Refused,
    Vanished,
)
from receivables.money import minor_from_text
from receivables.payment import Allocation, Dispute, FeedStatus, Payment
from receivables.twins import Alike, Twin
from receivables.words import Words

WORDS = Words("en_US", ZoneInfo("UTC"))
PAID_AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CUSTOMER = "c-hooli"
CASES = Path(__file__).parent / "cases"

Short = Mapping[str, Any]


def a_customer(*, id: str = CUSTOMER, name: str = "Hooli", active: bool = True, merged_into: str = "") -> Customer:
    return Customer(id, name, active, "1", Stamp("ida", EARLIER), Stamp("ida", LATER), merged_into)


def an_invoice(
    *,
    number: str = "1042",
    id: str = "",
    customer_id: str = CUSTOMER,
    currency: str = "USD",
    total_minor: int = 50_000,
    open_minor: int = 50_000,
    status: InvoiceStatus = InvoiceStatus.OPEN,
    created: Stamp | None = None,
    changed: Stamp | None = None,
    issued_on: date = date(2026, 2, 1),
    due_on: date | None = None,
    origin: str = "",
) -> Invoice:
    return Invoice(
        id=id or f"i-{number}",
        number=number,
        customer_id=customer_id,
        currency=currency,
        total_minor=total_minor,
        open_minor=open_minor,
        status=status,
        issued_on=issued_on,
        version="1",
        created=created or Stamp("ida", EARLIER),
        changed=changed or Stamp("dana", LATER),
        due_on=due_on,
        origin=origin,
    )


def a_credit(
    *,
    id: str = "a-1",
    memo: str = "CM-77",
    invoice_id: str = "i-1042",
    amount_minor: int = 12_000,
    applied: Stamp | None = None,
    reason: CreditReason = CreditReason.GENUINE,
    said: str = "",
    shared: bool = False,
) -> CreditApplication:
    stamp = applied or Stamp("dana", LATER)
    return CreditApplication(id, f"m-{memo}", memo, invoice_id, amount_minor, stamp, reason=reason, said=said, shared=shared)


def a_line(
    *,
    line: int = 0,
    amount_minor: int = 50_000,
    invoice: Invoice | Gone | None = None,
    number: str = "1042",
    problem: BindingProblem = BindingProblem.NONE,
    credits: tuple[CreditApplication, ...] = (),
    successors: tuple[Invoice, ...] = (),
    near: tuple[NearInvoice, ...] = (),
) -> LineEvidence:
    invoice_id = "" if invoice is None else invoice.id
    return LineEvidence(line, amount_minor, number, problem, invoice_id, invoice, credits, successors, near)


def a_receipt(
    *,
    id: str = "r-1",
    customer_id: str = CUSTOMER,
    currency: str = "USD",
    amount_minor: int = 50_000,
    unapplied_minor: int | None = None,
    received_on: date = date(2026, 3, 4),
    reference: str = "",
    method: str = "",
    memo: str = "",
    deposited: bool = False,
    voided: bool = False,
    created: Stamp | None = None,
    lines: tuple[tuple[str, int], ...] = (),
    texts: tuple[str, ...] = (),
    deposit: str = "",
    deposit_account: str = "",
) -> Receipt:
    applied_minor = sum(amount for _, amount in lines)
    return Receipt(
        id=id,
        number=id.removeprefix("r-"),
        customer_id=customer_id,
        currency=currency,
        amount_minor=amount_minor,
        unapplied_minor=amount_minor - applied_minor if unapplied_minor is None else unapplied_minor,
        received_on=received_on,
        method=method,
        reference=reference,
        memo=memo,
        deposit_account=deposit_account,
        deposited=deposited,
        voided=voided,
        version="1",
        created=created or Stamp("erin", LATER),
        changed=Stamp("dana", LATER),
        lines=tuple(ReceiptLine(invoice_id, amount) for invoice_id, amount in lines),
        texts=texts,
        deposit=deposit,
    )


def an_evidence(
    *,
    lines: tuple[LineEvidence, ...] = (),
    receipts: tuple[ReceiptEvidence, ...] = (),
    posted: tuple[PostedPart, ...] = (),
    customer: Customer | None = None,
    without_customer: bool = False,
    amount_minor: int = 0,
    currency: str = "USD",
    transaction_number: str = "TXN-1001",
    paid_at: datetime = PAID_AT,
    closed_through: date | None = None,
    received_on_closed: bool = False,
    isolated: bool = True,
    awaited_long: bool = False,
    is_deposit: bool = False,
    refusal: Refused | None = None,
    unread: tuple[str, ...] = (),
    not_checked: tuple[str, ...] = (),
    status: FeedStatus = FeedStatus.PAID,
    merged_into: Customer | None = None,
    searched_from: date | None = None,
    searched_through: date | None = None,
    vanished: tuple[Vanished, ...] = (),
    longest_reference: int = 0,
    method: str = "card",
    material: bool = False,
) -> Evidence:
    """The payment allocates what the lines say; `amount_minor` is more where a rest is meant to stay on account."""
    allocated = sum(line.amount_minor for line in lines)
    payment = Payment(
        company="acme",
        transaction_number=transaction_number,
        customer="Hooli",
        amount_minor=amount_minor or allocated or 50_000,
        currency=currency,
        paid_at=paid_at,
        method=method,
        allocations=tuple(Allocation(line.amount_minor, line.invoice_number) for line in lines),
        status=status,
    )
    return Evidence(
        payment=payment,
        generation=1,
        taken_at=datetime(2026, 3, 6, tzinfo=UTC),
        settings=BooksSettings("USD", closed_through),
        received_on_closed=received_on_closed,
        isolated=isolated,
        awaited_long=awaited_long,
        is_deposit=is_deposit,
        customer=None if without_customer else customer or a_customer(),
        lines=lines,
        receipts=receipts,
        posted=posted,
        refusal=refusal,
        unread=unread,
        not_checked=not_checked,
        merged_into=merged_into,
        searched_from=searched_from,
        searched_through=searched_through,
        vanished=vanished,
        longest_reference=longest_reference,
        material=material,
    )


# --- the short form -----------------------------------------------------------------------------------------------


@cache
def cases() -> tuple[tuple[str, Short], ...]:
    """Every case of tests/cases with the name of its file, in a fixed order. Read once, because it takes most of a second."""
    return tuple((path.stem, case) for path in sorted(CASES.glob("*.yaml")) for case in read_yaml(path))


def read_yaml(path: Path) -> Any:
    """What is in a YAML file, by the reader written in C where PyYAML has it: the other takes seven times as long."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader)


def evidence_of(case: Short) -> Evidence:
    """The evidence that a case describes. Amounts are whole units of the currency, days are at noon UTC."""
    _known("case", case)
    lines = tuple(_line(place, _known("line", line)) for place, line in enumerate(case.get("lines", ())))
    refusal = case.get("refusal")
    given = case.get("customer", {})
    merged_into = (given or {}).get("merged_into", "")
    evidence = an_evidence(
        lines=lines,
        receipts=tuple(_candidate(_known("receipt", receipt)) for receipt in case.get("receipts", ())),
        posted=tuple(_part(_known("part", part)) for part in case.get("posted", ())),
        customer=None if given is None else a_customer(active=given.get("active", True), merged_into=merged_into),
        without_customer=given is None,
        amount_minor=_minor(case["amount"]) if "amount" in case else 0,
        currency=case.get("currency", "USD"),
        paid_at=_moment(case.get("paid", PAID_AT)),
        closed_through=case.get("closed_through"),
        received_on_closed=case.get("day_closed", False),
        isolated=case.get("isolated", True),
        awaited_long=case.get("awaited_long", False),
        is_deposit=case.get("is_deposit", False),
        refusal=None if refusal is None else Refused(refusal, case.get("says", f"refused: {refusal}"), LATER),
        unread=tuple(case.get("unread", ())),
        not_checked=tuple(case.get("not_checked", ())),
        status=FeedStatus(case.get("status", "paid")),
        merged_into=a_customer(id=merged_into, name="Hooli Group") if merged_into else None,
        searched_from=case.get("searched", (None, None))[0],
        searched_through=case.get("searched", (None, None))[1],
        transaction_number=case.get("number", "TXN-1001"),
        vanished=tuple(Vanished(_receipt(_known("receipt", gone)), Stamp("dana", LATER)) for gone in case.get("vanished", ())),
        longest_reference=case.get("longest_reference", 0),
        method=case.get("method", "card"),
    )
    told = {"reason_code": case.get("reason", ""), "dispute": Dispute(case.get("dispute", ""))}
    payment = replace(evidence.payment, **told, fee_minor=_minor(case.get("fee", 0)))
    return replace(
        evidence,
        material=case.get("material", False),
        apply_by_hand=case.get("apply_by_hand", ""),
        write_off_by_hand=case.get("write_off_by_hand", ""),
        payment=payment,
        twins=tuple(_twin(evidence.payment, _known("twin", twin)) for twin in case.get("twins", ())),
        near_customers=tuple(
            NearCustomer(a_customer(id=near["id"], name=near["name"]), Kin(near["kin"]))
            for near in case.get("near_customers", ())
        ),
        told_before=FeedStatus(case["told_before"]) if "told_before" in case else None,
        went_back_on=case.get("went_back"),
        money_out=tuple(_money_out(place, _known("money_out", out)) for place, out in enumerate(case.get("money_out", ()))),
        able=(EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT, EffectKind.VOID_CREDIT) if case.get("able") else (),
        merges_untold=case.get("merges_untold", False),
        takes_no_rest=case.get("takes_no_rest"),
        reconciled=tuple(case.get("reconciled", ())),
    )


def _money_out(place: int, out: Short) -> MoneyOut:
    """An entry by which a receipt's money left the books; a return unless it is said."""
    return MoneyOut(
        id=f"o-{place}",
        number=f"RT{place + 1}",
        kind=MoneyOutKind(out.get("kind", "return")),
        customer_id=CUSTOMER,
        currency="USD",
        amount_minor=_minor(out["amount"]),
        on=date(2026, 3, 10),
        receipt_id=f"r-{out['receipt']}",
        version="1",
        created=Stamp("erin", LATER),
    )


def _twin(payment: Payment, twin: Short) -> Twin:
    """A payment that came before; all but its number is that of the payment unless it is said."""
    return Twin(
        number=str(twin["number"]),
        alike=Alike(twin["alike"]),
        customer=payment.customer,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        paid_at=_moment(twin["paid"]) if "paid" in twin else payment.paid_at,
        has_time=twin.get("timed", True),
    )


#: Every key that a case may use; anything else is a slip of the pen, which would silently test something else.
KEYS = {
    "case": "name fires near_miss_of expect lines receipts posted refusal customer amount currency paid closed_through day_closed"
    " isolated unread not_checked status says searched number vanished longest_reference twins near_customers method material"
    " awaited_long is_deposit apply_by_hand write_off_by_hand fee reason dispute told_before went_back money_out able"
    " merges_untold takes_no_rest reconciled",
    "money_out": "receipt amount kind",
    "twin": "number alike paid timed",
    "line": "invoice amount is open status total day by stamped customer currency problem credits successors near origin",
    "near": "number customer name id kin open currency",
    "successor": "number id open total status customer currency made by day issued origin",
    "credit": "memo id amount day by reason said shared dated total",
    "receipt": "id amount customer currency dated entered by reference method memo deposited voided lines this_payment ours"
    " claimed rivals names_payment went_back return_recorded other_money texts deposit account",
    "part": "part generation state amount on_account verified lines receipt customer dated account",
}


def _known(what: str, given: Short) -> Short:
    unknown = set(given) - set(KEYS[what].split())
    if unknown:
        raise ValueError(f"a {what} has no {sorted(map(str, unknown))}")
    return given


def _minor(amount: object) -> int:
    return minor_from_text(str(amount), "USD")


def _moment(when: date | datetime) -> datetime:
    if isinstance(when, datetime):
        return when.replace(tzinfo=UTC)
    return datetime.combine(when, time(12), UTC)


def _stamp(given: Short, person: str, when: str, otherwise: datetime) -> Stamp:
    return Stamp(given.get(person, "dana"), _moment(given.get(when, otherwise)))


def _line(place: int, given: Short) -> LineEvidence:
    number, amount_minor = str(given["invoice"]), _minor(given["amount"])
    state = given.get("is", "open")
    invoice: Invoice | Gone | None = None
    if state == "deleted":
        deleted = _stamp(given, "by", "day", LATER) if given.get("stamped", True) else None
        invoice = Gone("invoice", f"i-{number}", deleted, number)
    elif state != "unbound":
        invoice = _invoice({"number": number, "open": given["amount"], "status": state, **given})
    return a_line(
        line=place,
        amount_minor=amount_minor,
        invoice=invoice,
        number=number,
        problem=BindingProblem(given.get("problem", "")),
        credits=tuple(_credit(number, _known("credit", credit)) for credit in given.get("credits", ())),
        successors=tuple(_invoice(_known("successor", successor)) for successor in given.get("successors", ())),
        near=tuple(_near(_known("near", near)) for near in given.get("near", ())),
    )


def _near(given: Short) -> NearInvoice:
    invoice = _invoice({key: value for key, value in given.items() if key in KEYS["successor"].split()})
    return NearInvoice(invoice, a_customer(id=invoice.customer_id, name=given["name"]), Kin(given["kin"]))


def _invoice(given: Short) -> Invoice:
    open_minor = _minor(given.get("open", 0))
    return an_invoice(
        number=str(given["number"]),
        id=given.get("id", ""),
        customer_id=given.get("customer", CUSTOMER),
        currency=given.get("currency", "USD"),
        total_minor=_minor(given.get("total", 500)),
        open_minor=open_minor,
        status=InvoiceStatus(given.get("status", "open")),
        created=_stamp(given, "by", "made", EARLIER),
        changed=_stamp(given, "by", "day", LATER),
        issued_on=given.get("issued", date(2026, 2, 1)),
        origin=given.get("origin", ""),
        due_on=given.get("due"),
    )


def _credit(number: str, given: Short) -> CreditApplication:
    memo = str(given["memo"])
    made = a_credit(
        id=given.get("id", f"a-{memo}"),
        memo=memo,
        invoice_id=f"i-{number}",
        amount_minor=_minor(given["amount"]),
        applied=_stamp(given, "by", "day", LATER),
        reason=CreditReason(given.get("reason", "genuine")),
        said=given.get("said", ""),
        shared=given.get("shared", False),
    )
    return replace(made, dated=given.get("dated"), of_minor=_minor(given.get("total", 0)))


def _pairs(lines: Mapping[object, object]) -> tuple[tuple[str, int], ...]:
    return tuple((f"i-{number}", _minor(amount)) for number, amount in lines.items())


def _receipt(given: Short) -> Receipt:
    entered = _stamp({"by": "erin", **given}, "by", "entered", LATER)
    return a_receipt(
        id=f"r-{given['id']}",
        customer_id=given.get("customer", CUSTOMER),
        currency=given.get("currency", "USD"),
        amount_minor=_minor(given["amount"]),
        received_on=given.get("dated", entered.at.date()),
        reference=given.get("reference", ""),
        method=given.get("method", ""),
        memo=given.get("memo", ""),
        deposited=given.get("deposited", False),
        voided=given.get("voided", False),
        created=entered,
        lines=_pairs(given.get("lines", {})),
        texts=tuple(given.get("texts", ())),
        deposit=given.get("deposit", ""),
        deposit_account=given.get("account", ""),
    )


def _candidate(given: Short) -> ReceiptEvidence:
    this_payment = given.get("this_payment", False)
    return ReceiptEvidence(
        _receipt(given),
        given.get("ours", this_payment),
        this_payment,
        _minor(given.get("claimed", 0)),
        tuple(given.get("rivals", ())),
        given.get("names_payment", ""),
        other_money=given.get("other_money", ""),
        went_back=OtherPayment(
            given["went_back"], FeedStatus.RETURNED, date(2026, 3, 10), recorded=bool(given.get("return_recorded"))
        )
        if "went_back" in given
        else None,
    )


def _part(given: Short) -> PostedPart:
    receipt = given.get("receipt")
    found: Receipt | Gone | None = None
    if receipt == "deleted":
        found = Gone("receipt", "r-9", Stamp("dana", LATER))
    elif receipt is not None:
        found = _receipt({"id": 9, "amount": given["amount"], **receipt})
    return PostedPart(
        part=given.get("part", 1),
        generation=given.get("generation", 1),
        state=EffectState(given.get("state", "done")),
        amount_minor=_minor(given["amount"]),
        on_account_minor=_minor(given.get("on_account", 0)),
        document_id="" if found is None else found.id,
        receipt=found,
        verified=given.get("verified", False),
        lines=_pairs(given.get("lines", {})),
        customer_id=given.get("customer", ""),
        received_on=given.get("dated"),
        deposit_account=given.get("account", ""),
    )
