"""Taking back in Xero a receipt of ours, a payment or an overpayment that is applied to nothing; and a credit note like that.

A credit note becomes VOIDED. For a receipt Xero's word is the status DELETED; the record stays and shows it. Nothing
reconciled is touched, nor a receipt without our marker. Raises BooksRefused, in words, before anything is sent.
"""

from __future__ import annotations

from accounting.xero import documents, faults
from accounting.xero.asking import Asking
from accounting.xero.bank import is_reconciled, received_by
from accounting.xero.documents import on_account_of
from accounting.xero.wire import elements, fields, identity, text
from receivables.books_records import CreditMemo, Gone, Receipt
from receivables.effects import Answer, Order, VoidReceipt, Written, stem_of, stems_in
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal


def must_be_free(order: Order, receipt: object) -> Receipt:
    """The receipt, which is ours and which nothing holds. Raises BooksRefused."""
    if isinstance(receipt, Gone) or not isinstance(receipt, Receipt):
        raise BooksRefused("The receipt was deleted in Xero.", Refusal.DOCUMENT_GONE)
    if stem_of(order.marker) not in stems_in(receipt.memo):
        raise BooksRefused("The receipt does not carry our marker, so it is not ours to void.", Refusal.INVALID)
    if receipt.deposited:
        raise BooksRefused(f"Payment {receipt.number} is reconciled or in a batch deposit.", Refusal.RECEIPT_DEPOSITED)
    if on_account_of(receipt.id) is not None and receipt.lines:
        raise BooksRefused(f"Overpayment {receipt.number} is allocated. Remove the allocation first.", Refusal.INVALID)
    return receipt


def void(asking: Asking, order: Order, write: VoidReceipt, receipt: Receipt, deadline: float) -> Answer:
    """Sends it, once, and says what became of it."""
    held = on_account_of(write.receipt_id)
    if held is None:
        endpoint, id_name, document_id = "Payments", "PaymentID", write.receipt_id
    else:
        endpoint, id_name, document_id = "BankTransactions", "BankTransactionID", _of_the_bank(asking, receipt)
    path, body = f"{endpoint}/{document_id}", {"Status": "DELETED"}
    reply = asking.write("POST", path, deadline=deadline, key=order.key, body=body)
    if not reply.ok:
        return faults.failed_write(reply)
    answered = [of for of in elements(fields(reply.body).get(endpoint)) if identity(of, id_name) == document_id]
    if len(answered) != 1:
        return OutcomeUnknown("Xero answered with something that does not answer this write.")
    if faults.is_refused(answered[0]):
        return faults.refused(faults.validation_messages(answered[0]))
    if text(answered[0], "Status") != "DELETED":
        return OutcomeUnknown("Xero did not say that the receipt is deleted.")
    return Written(write.receipt_id, documents.version(answered[0]), reply.trace)


def must_be_unapplied(memo: object) -> CreditMemo:
    """The credit note, with nothing allocated and nothing refunded. Raises BooksRefused."""
    if not isinstance(memo, CreditMemo):
        raise BooksRefused("The credit note was deleted in Xero.", Refusal.DOCUMENT_GONE)
    if memo.applications or memo.open_minor != memo.total_minor:
        raise BooksRefused(f"Credit note {memo.number} is allocated or was refunded, so it is not voided.", Refusal.WRONG_STATE)
    return memo


def void_credit(asking: Asking, order: Order, memo: CreditMemo, deadline: float) -> Answer:
    """Sends it, once, and says what became of it."""
    body = {"CreditNotes": [{"CreditNoteID": memo.id, "Status": "VOIDED"}]}
    reply = asking.write("POST", f"CreditNotes/{memo.id}", deadline=deadline, key=order.key, body=body)
    if not reply.ok:
        return faults.failed_write(reply)
    answered = [of for of in elements(fields(reply.body).get("CreditNotes")) if identity(of, "CreditNoteID") == memo.id]
    if len(answered) != 1:
        return OutcomeUnknown("Xero answered with something that does not answer this write.")
    if faults.is_refused(answered[0]):
        return faults.refused(faults.validation_messages(answered[0]))
    if text(answered[0], "Status") != "VOIDED":
        return OutcomeUnknown("Xero did not say that the credit note is voided.")
    return Written(memo.id, documents.version(answered[0]), reply.trace)


def _of_the_bank(asking: Asking, receipt: Receipt) -> str:
    """The id of the bank transaction that an overpayment was received by. Raises BooksRefused."""
    found = received_by(asking, [receipt]).get(receipt.id)
    if found is None:
        raise BooksRefused("Xero does not show how the overpayment was received. Void it in Xero.", Refusal.INVALID)
    if is_reconciled(found):
        raise BooksRefused(f"Overpayment {receipt.number} is reconciled with the bank.", Refusal.RECEIPT_DEPOSITED)
    return identity(found, "BankTransactionID")
