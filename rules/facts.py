"""The flat facts that the rules are judged on: whole numbers, text and booleans, every field always there.

One row for the payment, the reads and the customer; one for each invoice line, doubt, credit application, receipt and
posted part. `SCHEMA` lists all that a rule can ask for; a field that is not in it cannot be misspelt into silence.
"""

from __future__ import annotations

from receivables.evidence import Evidence
from rules.cage import Row
from rules.hand_receipts import ReceiptReading, is_customers
from rules.invoice_lines import Flaw, LineReading
from rules.patterns import Schema, Value
from rules.posted_parts import PartReading
from rules.reading import Reading

SCHEMA: Schema = {
    "payment": {
        "amount_minor": int,
        "on_account_minor": int,
        "currency": str,
        "invoices": int,  # how many different ones
        "unposted": bool,  # nothing of ours is in the books, and the money is here
        "feed": str,  # what the feed says became of the money: paid, returned, refunded
        "doubled": bool,
        "complete": bool,
        "day_closed": bool,  # the receipt's own date lies in a closed period
        "refusal": str,  # our code of what the books said, or ""
    },
    "reads": {"failed": int},
    "customer": {"key": str, "active": bool, "merged": bool},
    "line": {
        "flaw": str,
        "unexplained_minor": int,
        "over": bool,  # more was paid than the whole invoice is for
        "mendable": bool,
        "successor_score": int,
        "hand_receipts": int,
    },
    "doubt": {"about": str},  # what keeps a finding from being certain; apart, because one fact cannot answer a rule twice
    "application": {"chosen": bool, "day_closed": bool},
    "receipt": {
        "customer": str,
        "currency": str,
        "amount_minor": int,
        "free_minor": int,
        "by_hand": bool,
        "score": int,
        "covers": bool,
        "suspect": bool,
        "less_fee": bool,
        "number": int,  # its place in the order of ids; tells one receipt from another
    },
    "part": {
        "unanswered": bool,
        "missing": bool,
        "verified": bool,
        "changed": bool,
        "swallowed": bool,
        "frozen": bool,
    },
}


def rows(reading: Reading) -> list[Row]:
    """The facts of one payment. The number in a row's id is the place in the reading's own tuple."""
    found = [Row("payment", "payment#0", _payment(reading))]
    found.append(Row("reads", "reads#0", {"failed": len(reading.evidence.unread)}))
    customer = reading.evidence.customer
    if customer is not None:
        fields: dict[str, Value] = {"key": _text(customer.id), "active": customer.active, "merged": bool(customer.merged_into)}
        found.append(Row("customer", "customer#0", fields))
    found += [Row("line", f"line#{place}", _line(line)) for place, line in enumerate(reading.lines)]
    found += [Row("doubt", f"doubt#{place}", {"about": about}) for place, about in enumerate(_doubts(reading))]
    found += _applications(reading)
    found += [Row("receipt", f"receipt#{place}", _receipt(reading, r, place)) for place, r in enumerate(reading.receipts)]
    found += [Row("part", f"part#{place}", _part(reading, part)) for place, part in enumerate(reading.parts)]
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
        "unposted": reading.may_post,
        "feed": evidence.payment.status.value,
        "doubled": reading.doubled,
        "complete": reading.complete,
        "day_closed": evidence.received_on_closed,
        "refusal": "" if evidence.refusal is None else _text(evidence.refusal.code),
    }


def _line(line: LineReading) -> dict[str, Value]:
    return {
        "flaw": line.flaw.value,
        "unexplained_minor": line.unexplained_minor,
        "over": line.over_minor > 0,
        "mendable": line.mendable,
        "successor_score": line.successor_score,
        "hand_receipts": len(line.hand_receipts),
    }


def _doubts(reading: Reading) -> list[str]:
    """What a rule must not overlook where it would be certain. Each once."""
    doubts = {
        "replacement": any(line.flaw is Flaw.LOST and not line.sure for line in reading.lines),
        "draft": any(line.flaw is Flaw.NOT_READY and line.source.invoice is None for line in reading.lines),
        "receipt": any(not receipt.telling for receipt in reading.competing),
        "deletion": any(part.missing and not part.source.verified for part in reading.parts),
        "fit": any(part.swallowed and not part.fits for part in reading.parts),
    }
    return [about for about, is_so in doubts.items() if is_so]


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


def _receipt(of: Reading, reading: ReceiptReading, place: int) -> dict[str, Value]:
    receipt, customer = reading.receipt, of.evidence.customer
    merged = customer is not None and is_customers(receipt.customer_id, of.evidence)
    return {
        "customer": _text(customer.id if merged and customer is not None else receipt.customer_id),
        "currency": _text(receipt.currency),
        "amount_minor": receipt.amount_minor,
        "free_minor": reading.source.free_minor,
        "by_hand": reading.by_hand,
        "score": reading.score.points,
        "covers": reading.covers,
        "suspect": reading.suspect,
        "less_fee": reading.less_fee,
        "number": place,
    }


def _part(of: Reading, part: PartReading) -> dict[str, Value]:
    return {
        "unanswered": part.unanswered,
        "missing": part.missing,
        "verified": part.source.verified,
        "changed": part.changed,
        "swallowed": part.swallowed and of.paid,  # the receipt of money that went back is not mended
        "frozen": bool(part.frozen),
    }
