"""Records as JSON and back, so that what was read and decided can be shown years later exactly as it was."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from receivables.books_records import CreditMemo, Customer, Document, Invoice, Receipt
from receivables.diagnosis import Diagnosis
from receivables.effects import (
    ApplyCredit,
    ApplyReceipt,
    EffectKind,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    Write,
)
from receivables.errors import NotReadable
from receivables.evidence import Evidence
from receivables.words import counted, plain
from storage.canonical import canonical

T = TypeVar("T")
_evidence = TypeAdapter(Evidence)
_diagnosis = TypeAdapter(Diagnosis)
_writes: dict[EffectKind, TypeAdapter[Any]] = {
    EffectKind.RECEIPT: TypeAdapter(ReceiptWrite),
    EffectKind.UNAPPLY_CREDIT: TypeAdapter(UnapplyCredit),
    EffectKind.APPLY_CREDIT: TypeAdapter(ApplyCredit),
    EffectKind.APPLY_RECEIPT: TypeAdapter(ApplyReceipt),
    EffectKind.RECORD_RETURN: TypeAdapter(RecordReturn),
    EffectKind.VOID_RECEIPT: TypeAdapter(VoidReceipt),
    EffectKind.VOID_CREDIT: TypeAdapter(VoidCredit),
}
_documents: dict[str, TypeAdapter[Any]] = {
    "customer": TypeAdapter(Customer),
    "invoice": TypeAdapter(Invoice),
    "credit_memo": TypeAdapter(CreditMemo),
    "receipt": TypeAdapter(Receipt),
}
#: What a person did not decide upon: reading times, bare versions, the calendar, how many other payments fail, what else is open.
_NOT_FACTS = frozenset(
    "taken_at version changed isolated not_checked time_zone has_time apply_by_hand return_by_hand deposits_hold "
    "write_off_by_hand origin lost_origin items lost_items merges_untold took_over "
    "addresses other_invoices due_on last_reopened refunds status_minor".split()
)


def evidence_to_json(evidence: Evidence) -> Any:
    return _evidence.dump_python(evidence, mode="json")


def evidence_from_json(body: Any) -> Evidence:
    """Raises NotReadable."""
    return _kept(_evidence, body, "What was read about a failure")


def diagnosis_to_json(diagnosis: Diagnosis) -> Any:
    return _diagnosis.dump_python(diagnosis, mode="json")


def diagnosis_from_json(body: Any) -> Diagnosis:
    """Raises NotReadable."""
    return _kept(_diagnosis, _said(body) if "sentence" in body else body, "A diagnosis")


def _kept(form: TypeAdapter[T], body: Any, what: str) -> T:
    """A row of ours as it was kept. One that another version wrote, or somebody changed, is said to be so in one sentence."""
    try:
        return form.validate_python(body)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_input=False)
        place = ".".join(map(str, first["loc"])) or "all of it"
        more = f", and {counted(len(others), 'other place')}" if others else ""
        raise NotReadable(
            f"{what} was kept in a form that this version cannot read ({plain(place)}{more}). Nothing was changed; use the "
            "version that wrote it, or restore a backup."
        ) from error


def _said(body: Any) -> Any:
    """A diagnosis as version 0.1.0 stored it, with sentences instead of figures: they are shown as they stand."""

    def said(text: str) -> dict[str, str]:
        return {"fact": "said", "said": text}

    def finding(of: Any) -> Any:
        because = [{"said" if key == "text" else key: value for key, value in fact.items()} for fact in of["because"]]
        return of | {"because": because, "blocked": said(of["blocked"]) if of["blocked"] else None}

    return {
        "primary": finding(body["primary"]),
        "runners_up": [finding(runner_up) for runner_up in body["runners_up"]],
        "not_checked": [said(text) for text in body["not_checked"]],
        "said": body["sentence"],
    }


def write_to_json(write: Write) -> Any:
    body = _writes[write.kind].dump_python(write, mode="json")
    body.pop("kind")  # the column beside it says so
    return body


def write_from_json(kind: str, body: Any) -> Write:
    write: Write = _writes[EffectKind(kind)].validate_python(body)
    return write


def kind_of(document: Document) -> str:
    """The document's kind in our words: customer, invoice, credit_memo or receipt."""
    return {Customer: "customer", Invoice: "invoice", CreditMemo: "credit_memo", Receipt: "receipt"}[type(document)]


def document_to_json(document: Document) -> Any:
    return _documents[kind_of(document)].dump_python(document, mode="json")


def document_from_json(kind: str, body: Any) -> Document:
    document: Document = _documents[kind].validate_python(body)
    return document


def hash_of(body: Any) -> str:
    """SHA-256 of the canonical JSON of a value, as hexadecimal."""
    return hashlib.sha256(canonical(body)).hexdigest()


def facts_hash(evidence: Evidence) -> str:
    """Identifies what a person decides upon: equal while status, customers, balances, applications and receipts are."""
    return stored_facts_hash(evidence_to_json(evidence))


def stored_facts_hash(stored: Any) -> str:
    """The same of evidence as it is stored."""
    body = _facts(stored)
    if body["refusal"]:
        body["refusal"].pop("at")  # the same refusal again is no new fact
    return hash_of(body)


def _facts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _facts(item) for key, item in value.items() if key not in _NOT_FACTS}
    if isinstance(value, list):
        return [_facts(item) for item in value]
    return value
