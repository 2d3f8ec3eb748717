"""The flat facts that the rules are judged on: whole numbers, text and booleans, every field always there.

One row for the payment and all that is so with it as a whole; one for each invoice line, credit application, receipt, twin
and posted part. `TABLE` lists all that a rule can ask for, with its type and its words: a field that is not in it, or a value
that is no member of its list, fails when the rule is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from receivables.credit_reasons import CreditReason
from receivables.payment import FeedStatus
from receivables.refusal import Refusal
from receivables.twins import Alike, Twin
from rules.cage import Row
from rules.deposits import come
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import Flaw, LineReading, Over
from rules.money_gone import paid_by_returned
from rules.patterns import Schema, Value
from rules.posted_parts import PartReading
from rules.reading import CustomerState, Reading, is_day_closed
from rules.rest import rest_refused


@dataclass(frozen=True)
class Field:
    """The type of a field and its words: the name of a figure or a text, or what is so where it is true and where not."""

    type: type[int] | type[str] | type[bool] | type[StrEnum]
    words: str
    otherwise: str = ""


@dataclass(frozen=True)
class KindOfRow:
    """What somebody who keeps books calls such a row, and its fields; every field is always there."""

    noun: str
    fields: Mapping[str, Field]


def number(words: str) -> Field:
    return Field(int, words)


def text(words: str) -> Field:
    return Field(str, words)


def either(yes: str, no: str) -> Field:
    return Field(bool, yes, no)


def one_of(values: type[StrEnum], words: str) -> Field:
    return Field(values, words)


TABLE: Mapping[str, KindOfRow] = {
    "payment": KindOfRow(
        "the payment",
        {
            "amount_minor": number("its amount (minor units)"),
            "on_account_minor": number("its intended rest on account (minor units)"),
            "currency": text("its currency"),
            "invoices": number("the number of its invoices"),
            "unposted": either(
                "nothing of ours is in the books for it", "a receipt of ours is or may be there, or the money went back"
            ),
            "lacking": either(
                "nothing of ours is in the books for it, or they refused the rest", "a receipt of ours is or may be there for it"
            ),
            "feed": one_of(FeedStatus, "what the feed says of it"),
            "told_before": one_of(FeedStatus, "what the feed had said of it before"),  # or "" where nothing else
            "paid_by_returned": either(
                "what its invoices lack was paid by payments whose money went back",
                "its invoices lack nothing that payments whose money went back hold",
            ),
            "doubled": either("it is recorded in the books more than once", "it is not recorded twice"),
            "repeated": either(
                "a receipt entered by hand names it beside ours", "no receipt entered by hand names it beside ours"
            ),
            "complete": either("our receipts add up to it", "our receipts do not add up to it"),
            "day_closed": either("its day is in a closed period", "its day is open"),
            "split": either("receipts that name it add up to it", "no receipts that name it add up to it"),
            "refusal": one_of(Refusal, "the code with which the books refused it"),  # or "" where they did not
            "all_read": either("every read succeeded", "a read failed"),
            "customer": one_of(CustomerState, "its customer"),
            "flaw": one_of(Flaw, "the state of its invoices, those that fit aside"),  # or "" where it differs
            "credits": one_of(CreditReason, "what the credits are for that took from its invoices, the gravest reason"),
            "overpaid_severally": either(
                "its invoices are overpaid for several reasons", "its invoices are not overpaid, or for one reason"
            ),
            "suspected": either("a receipt by hand may be it", "no receipt by hand may be it"),
            "deposit_come": either(
                "it is a customer deposit, and an invoice came that may be its own",
                "it is no customer deposit that awaits a decision",
            ),
            "vanished": either("a receipt by hand that named it is gone", "no receipt by hand that named it is gone"),
            "near": either("what it may mean is in the books otherwise named", "nothing near what it names is in the books"),
            # What keeps a finding from being certain.
            "replaced_surely": either(
                "what replaced its invoices is sure and has enough open", "what replaced an invoice is not sure, or too small"
            ),
            "none_beside": either(
                "no other invoice of the customer is open", "another invoice of the customer is open beside a lost one"
            ),
            "drafts_seen": either("its drafts are in the books", "an invoice of it is not in the books"),
            "receipts_telling": either(
                "whatever receipt could be it surely is", "a receipt could be it, and could be other money as well"
            ),
            "missing_was_verified": either(
                "whatever receipt of ours is missing had been verified", "a receipt of ours is missing and never was verified"
            ),
            "unapplied_fits": either("what is unapplied could be applied now", "what is unapplied could not be applied now"),
        },
    ),
    "line": KindOfRow(
        "an invoice of the payment",
        {
            "flaw": one_of(Flaw, "its state"),
            "unexplained_minor": number("what is missing and no later credit explains (minor units)"),
            "beside_ours": either(
                "later credits and our other receipts explain it together", "one of them alone explains it, or neither does"
            ),
            "beyond_ours_minor": number("what neither later credits nor our other receipts explain (minor units)"),
            "over": one_of(Over, "what was paid beyond it"),
            "mendable": either("an invoice that may replace it is open", "no invoice that may replace it is open"),
            "successor_score": number("the score of what may replace it"),
            "hand_receipts": number("the number of receipts entered for it alone"),
        },
    ),
    "application": KindOfRow(
        "a credit applied after the customer paid",
        {
            "chosen": either("it would be taken off", "it need not be taken off"),
            "shared": either("it does not come off by itself", "it comes off by itself"),
            "day_closed": either("its day is in a closed period", "its day is open"),
        },
    ),
    "receipt": KindOfRow(
        "a receipt of the evidence",
        {
            "whole": either(
                "it could be the whole payment, and proves no other", "it cannot be the whole payment, or proves another"
            ),
            "score": number("its score"),
            "covers": either("it is larger and covers the payment with others", "it does not cover the payment with others"),
            "suspect": either("it may be this money", "nothing says that it may be this money"),
            "less_fee": either(
                "it is nearly the amount, and on nothing else", "it is not nearly the amount, or on other invoices too"
            ),
            "less": either(
                "it is for less than was paid, as after a fee", "it is for a cent less, for as much as was paid, or more"
            ),
            "otherwise": either("it names the payment, for another amount", "it does not name the payment for another amount"),
            "number": number("its place"),  # in the order of ids; tells one receipt from another
        },
    ),
    "twin": KindOfRow(
        "a payment that came before",
        {"same_number": either("its number differs only in form", "all but its number is the same")},
    ),
    "part": KindOfRow(
        "a receipt of ours",
        {
            "unanswered": either("the books have not said whether it was recorded", "the books have answered for it"),
            "missing": either("it is deleted or voided", "it is not known to be deleted or voided"),
            "verified": either("it had been verified", "it was never verified"),
            "changed": either("it differs from what was meant", "it is as it was meant"),
            "off": either("only what it is applied to differs", "it is applied as meant, or more of it differs"),
            "fits": either("its invoices could take it now", "its invoices could not take it now"),
            "swallowed": either("more of it is unapplied than was meant", "no more of it is unapplied than was meant"),
            "frozen": either("it is deposited or in a closed period", "it may be changed"),
        },
    ),
}
#: The same as the rules are checked against when they are built.
SCHEMA: Schema = {name: {field: of.type for field, of in kind.fields.items()} for name, kind in TABLE.items()}


def rows_of(reading: Reading) -> list[Row]:
    """The facts of one payment. The number in a row's id is the place in the reading's own tuple."""
    found = [Row("payment", "payment#0", _payment(reading))]
    found += [Row("line", f"line#{place}", _line(line)) for place, line in enumerate(reading.lines)]
    found += _applications(reading)
    found += [Row("receipt", f"receipt#{place}", _receipt(r, place)) for place, r in enumerate(reading.receipts)]
    found += [Row("twin", f"twin#{place}", _twin(twin)) for place, twin in enumerate(reading.evidence.twins)]
    found += [Row("part", f"part#{place}", _part(reading, part)) for place, part in enumerate(reading.parts)]
    return found


def _text(text: str) -> str:
    """Text from the books may hold half of a surrogate pair, which no engine takes; it stays recognizable."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _payment(reading: Reading) -> dict[str, Value]:
    evidence, payment = reading.evidence, reading.evidence.payment
    overpaid = {line.over for line in reading.lines if line.flaw is Flaw.SHORT}
    return {
        "amount_minor": payment.amount_minor,
        "on_account_minor": payment.on_account_minor,
        "currency": _text(payment.currency),
        "invoices": len({line.invoice_key for line in reading.lines}),
        "unposted": reading.may_post,
        "lacking": reading.may_post or rest_refused(reading),
        "feed": evidence.payment.status,
        "told_before": "" if evidence.told_before is None else evidence.told_before,
        "paid_by_returned": paid_by_returned(reading),
        "doubled": reading.doubled,
        "repeated": bool(reading.repeated),
        "split": bool(reading.split),
        "complete": reading.complete,
        "day_closed": evidence.received_on_closed,
        "refusal": "" if evidence.refusal is None else _text(evidence.refusal.code),
        "all_read": not evidence.unread,
        "customer": reading.customer,
        "flaw": "" if reading.flaw is None else reading.flaw,
        "credits": reading.credits,
        "overpaid_severally": Over.NO not in overpaid and len(overpaid) > 1,
        "suspected": bool(reading.suspects),
        "deposit_come": bool(come(reading)),
        "vanished": bool(evidence.vanished),
        "near": reading.near,
        "replaced_surely": all(line.sure for line in reading.lines if line.flaw is Flaw.LOST),
        "none_beside": not any(line.beside for line in reading.lines),
        "drafts_seen": all(line.source.invoice is not None for line in reading.lines if line.flaw is Flaw.NOT_READY),
        "receipts_telling": all(receipt.telling for receipt in reading.competing),
        "missing_was_verified": all(part.source.verified for part in reading.parts if part.missing),
        "unapplied_fits": all(part.fits for part in reading.parts if part.swallowed),
    }


def _line(line: LineReading) -> dict[str, Value]:
    return {
        "flaw": line.flaw,
        "unexplained_minor": line.unexplained_minor,
        "beside_ours": bool(line.later_credits) and 0 < line.unexplained_minor <= line.ours_minor,
        "beyond_ours_minor": max(0, line.unexplained_minor - line.ours_minor),
        "over": line.over,
        "mendable": line.mendable,
        "successor_score": line.successor_score,
        "hand_receipts": len(line.hand_receipts),
    }


def _applications(reading: Reading) -> list[Row]:
    """Each application that was made after the customer paid, once, in the order of the invoice lines."""
    found: dict[str, dict[str, Value]] = {}
    for line in reading.lines:
        for credit in line.later_credits:
            fields: dict[str, Value] = {
                "chosen": credit in line.chosen_credits,
                "shared": credit.shared,
                "day_closed": is_day_closed(reading.evidence, credit.applied.at),
            }
            found.setdefault(credit.id, fields)
    return [Row("application", f"application#{place}", fields) for place, fields in enumerate(found.values())]


def _receipt(reading: ReceiptReading, place: int) -> dict[str, Value]:
    return {
        "whole": reading.whole,
        "score": reading.score.points,
        "covers": reading.covers,
        "suspect": reading.suspect,
        "less_fee": reading.less_fee,
        "less": reading.less,
        "otherwise": reading.otherwise,
        "number": place,
    }


def _twin(twin: Twin) -> dict[str, Value]:
    return {"same_number": twin.alike is Alike.NUMBER}


def _part(of: Reading, part: PartReading) -> dict[str, Value]:
    return {
        "unanswered": part.unanswered,
        "missing": part.missing,
        "verified": part.source.verified,
        "changed": part.changed,
        "off": part.changed and not part.changes,
        "fits": part.fits,
        "swallowed": part.swallowed and of.paid,  # the receipt of money that went back is not mended
        "frozen": bool(part.frozen),
    }
