"""Kinds of facts about receipts entered by hand: what ties one to the payment, what speaks against it, and that one is gone."""

from __future__ import annotations

from datetime import date
from typing import TypedDict, Unpack

from receivables.diagnosis import Fact, Money
from receivables.words import Words, listed, plain
from rules.fact_kinds import money, when
from rules.hand_receipts import Elsewhere, Form, Standing
from rules.kinds import kind
from rules.ties import Reference


class _HandReceipt(TypedDict):
    amount: Money
    dated: date
    reference: str
    standing: str
    suspect: bool


class HandReceipt(_HandReceipt, total=False):
    """`form` and `elsewhere` are those of `rules.hand_receipts`, `written` is its reference or memo, `against` says that its
    tender or number is another one. Facts of version 0.1.0 have none of these.
    """

    names_payment: str
    rivals: tuple[str, ...]
    unapplied: Money | None
    claimed: Money | None
    form: str
    elsewhere: str
    before: bool
    against: bool
    method: str
    written: str
    deposit_account: str
    deposit: str
    deposited: bool


@kind
def receipt_by_hand(fact: Fact, words: Words, **figures: Unpack[HandReceipt]) -> str:
    """A receipt in the books that may be this payment's money, what ties it to the payment, and what speaks against it."""
    ties = [tie for tie in (_NAMED.get(figures["reference"], ""), _APPLIED.get(figures["standing"], "")) if tie]
    ties += [said for said in (_FORMS.get(figures.get("form", ""), ""), _ELSEWHERE.get(figures.get("elsewhere", ""), "")) if said]
    if figures.get("before"):
        ties.append("it was entered before the customer paid")
    if names_payment := figures.get("names_payment"):
        ties.append(f"its reference is that of payment {plain(names_payment)}")
    if rivals := figures.get("rivals"):
        ties.append(f"it could be payment {listed([plain(number) for number in rivals])} as well")
    if unapplied := figures.get("unapplied"):
        ties.append(f"{money(words, unapplied)} of it is unapplied")
    if claimed := figures.get("claimed"):
        ties.append(f"{money(words, claimed)} of it already proves another payment")
    if figures.get("against"):
        ties.append(f"it says {_said(figures.get('method', ''), figures.get('written', ''))}")
    dated, entered_on = words.day(figures["dated"]), when(fact, words)
    entered = f"{fact.document} for {money(words, figures['amount'])}, dated {dated}, was entered{entered_on}"
    return entered + (f"; {listed(ties)}." if ties else ".")


_NAMED = {
    Reference.EQUAL.value: "it has the transaction number",
    Reference.CONTAINED.value: "its text names the transaction number",
    Reference.CUT.value: "its reference ends with the beginning of the transaction number",
}
_APPLIED = {
    Standing.EXACTLY.value: "it is applied to exactly the payment's invoices",
    Standing.PARTLY.value: "it is applied to an invoice of the payment",
}
_FORMS = {
    Form.INSTALLMENT.value: "the invoice has room for both, so it may be another installment",
    Form.OTHER_CURRENCY.value: "its currency is another one",
}
_ELSEWHERE = {
    Elsewhere.INVOICE.value: "it is applied to another invoice",
    Elsewhere.CUSTOMER.value: "it is another customer's",
}


def _said(method: str, written: str) -> str:
    return listed([f'"{plain(text)}"' for text in dict.fromkeys((method, written)) if text])


@kind
def receipt_by_hand_vanished(fact: Fact, words: Words, *, amount: Money | None = None, ours: bool = False) -> str:
    of = f" for {money(words, amount)}" if amount else ""
    whose = "with our mark for this payment" if ours else "entered by hand with the transaction number"
    return f"{fact.document}{of}, {whose}, was deleted or voided{when(fact, words)}."


@kind
def several_candidates(fact: Fact, words: Words, *, count: int) -> str:
    return f"{count} receipts could be this payment; the first named fits best."
