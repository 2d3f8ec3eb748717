"""The flat facts that the rules are judged on: whole numbers, text and booleans, every field always there.

One row for the payment, one for its customer, and one for each invoice line, credit application, receipt and posted
part. `SCHEMA` is the whole list of what a rule can ask for; a field that is not in it cannot be misspelt into silence.
"""

from __future__ import annotations

from receivables.evidence import Evidence
from rules.cage import Row
from rules.hand_receipts import ReceiptReading
from rules.invoice_lines import LineReading
from rules.patterns import Schema, Value
from rules.posted_parts import PartReading
from rules.reading import Reading

SCHEMA: Schema = {
    "payment": {
        "amount_minor": int,
        "on_account_minor": int,
        "currency": str,
        "invoices": int,  # how many different ones
        "unposted": bool,
        "doubled": bool,
        "complete": bool,
        "day_closed": bool,  # the receipt's own date lies in a closed period
        "refusal": str,  # our code of what the books said, or ""
        "unread": int,  # how many reads failed
    },
    "customer": {"key": str, "active": bool, "merged": bool},
    "line": {
        "flaw": str,
        "unexplained_minor": int,
        "mendable": bool,
        "sure": bool,
        "draft": bool,
        "hand_receipts": int,
    },
    "application": {"chosen": bool, "day_closed": bool},
    "receipt": {
        "customer": str,
        "currency": str,
        "amount_minor": int,
        "free_minor": int,
        "by_hand": bool,
        "tie": int,
        "telling": bool,
        "covers": bool,
        "suspect": bool,
        "number": int,  # its place in the order of ids; tells one receipt from another
    },
    "part": {
        "unanswered": bool,
        "missing": bool,
        "verified": bool,
        "changed": bool,
        "swallowed": bool,
        "fits": bool,
        "frozen": bool,
    },
}


def rows(reading: Reading) -> list[Row]:
    """The facts of one payment. The number in a row's id is the place in the reading's own tuple."""
    found = [Row("payment", "payment#0", _payment(reading))]
    customer = reading.evidence.customer
    if customer is not None:
        fields: dict[str, Value] = {"key": _text(customer.id), "active": customer.active, "merged": bool(customer.merged_into)}
        found.append(Row("customer", "customer#0", fields))
    found += [Row("line", f"line#{place}", _line(line)) for place, line in enumerate(reading.lines)]
    found += _applications(reading)
    found += [Row("receipt", f"receipt#{place}", _receipt(r, place)) for place, r in enumerate(reading.receipts)]
    found += [Row("part", f"part#{place}", _part(part)) for place, part in enumerate(reading.parts)]
    return found


def _text(text: str) -> str:
    """Text from the books may hold half of a surrogate pair, which no engine takes; it stays recognisable."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _payment(reading: Reading) -> dict[str, Value]:
    evidence, payment = reading.evidence, reading.evidence.payment
    return {
        "amount_minor": payment.amount_minor,
        "on_account_minor": payment.on_account_minor,
        "currency": _text(payment.currency),
        "invoices": len({line.invoice_key for line in reading.lines}),
        "unposted": reading.unposted,
        "doubled": reading.doubled,
        "complete": reading.complete,
        "day_closed": evidence.received_on_closed,
        "refusal": "" if evidence.refusal is None else _text(evidence.refusal.code),
        "unread": len(evidence.unread),
    }


def _line(line: LineReading) -> dict[str, Value]:
    return {
        "flaw": line.flaw.value,
        "unexplained_minor": line.unexplained_minor,
        "mendable": line.mendable,
        "sure": line.sure,
        "draft": line.source.invoice is not None,
        "hand_receipts": len(line.hand_receipts),
    }


def _applications(reading: Reading) -> list[Row]:
    """Each application that was made after the client paid, once, in the order of the invoice lines."""
    found: dict[str, dict[str, Value]] = {}
    for line in reading.lines:
        for credit in line.later_credits:
            day_closed = _day_closed(reading.evidence, credit.applied.at.date().toordinal())
            found.setdefault(credit.id, {"chosen": credit in line.chosen_credits, "day_closed": day_closed})
    return [Row("application", f"application#{place}", fields) for place, fields in enumerate(found.values())]


def _day_closed(evidence: Evidence, day: int) -> bool:
    closed_through = evidence.settings.closed_through
    return closed_through is not None and day <= closed_through.toordinal()


def _receipt(reading: ReceiptReading, place: int) -> dict[str, Value]:
    receipt = reading.receipt
    return {
        "customer": _text(receipt.customer_id),
        "currency": _text(receipt.currency),
        "amount_minor": receipt.amount_minor,
        "free_minor": reading.source.free_minor,
        "by_hand": reading.by_hand,
        "tie": reading.tie,
        "telling": reading.telling,
        "covers": reading.covers,
        "suspect": reading.suspect,
        "number": place,
    }


def _part(part: PartReading) -> dict[str, Value]:
    return {
        "unanswered": part.unanswered,
        "missing": part.missing,
        "verified": part.source.verified,
        "changed": part.changed,
        "swallowed": part.swallowed,
        "fits": part.fits,
        "frozen": bool(part.frozen),
    }
