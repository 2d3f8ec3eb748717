"""The worst that can stand in the books: a payment with as many documents as nobody has, and a diagnosis that names them all."""

from __future__ import annotations

from evidence_makers import LATER, PAID_AT, a_credit, a_line, a_receipt, an_evidence, an_invoice

from receivables.books_records import Gone, Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Evidence, ReceiptEvidence


def crowded(
    *, lines: int = 40, successors: int = 60, receipts: int = 60, currency: str = "USD", amount_minor: int = 100
) -> Evidence:
    """As many allocations, successors and receipts as nobody has."""
    gone = Gone("invoice", "i-0", Stamp("dana", LATER), "1042")
    new = tuple(
        an_invoice(id=f"i-new-{place}", currency=currency, open_minor=amount_minor, created=Stamp("frank", LATER))
        for place in range(successors)
    )
    first = a_line(invoice=gone, amount_minor=amount_minor, successors=new)
    rest = tuple(
        a_line(
            line=place,
            amount_minor=amount_minor,
            number=str(place),
            invoice=an_invoice(number=str(place), currency=currency, open_minor=amount_minor // 2),
            credits=(a_credit(id=f"a-{place}", invoice_id=f"i-{place}", amount_minor=amount_minor // 2),),
        )
        for place in range(1, lines)
    )
    by_hand = tuple(
        ReceiptEvidence(a_receipt(id=f"r-{place}", currency=currency, amount_minor=amount_minor), ours=False, this_payment=False)
        for place in range(receipts)
    )
    return an_evidence(lines=(first, *rest), receipts=by_hand, currency=currency)


def crowded_diagnosis(evidence: Evidence, remedy: Remedy) -> Diagnosis:
    """A diagnosis that names all of it: every application, the last successor, the last receipt."""
    finding = Finding(
        cause=Cause.UNIDENTIFIED,
        rule="unidentified",
        remedy=remedy,
        confidence=Confidence.UNIDENTIFIED,
        alternatives=tuple(Remedy),
        because=tuple(
            Fact("open_now", f"invoice {place}", "dana", PAID_AT, said=f"Fact {place} was read.") for place in range(60)
        ),
        applications=tuple(credit.id for line in evidence.lines for credit in line.credits),
        successors=((0, evidence.lines[0].successors[-1].id),),
        proof=((evidence.receipts[-1].receipt.id, evidence.payment.amount_minor),),
    )
    left_out = tuple(Fact("said", said=f"thing {place}") for place in range(30))
    return Diagnosis(finding, (finding,) * 9, not_checked=left_out, said="Much was read.")
