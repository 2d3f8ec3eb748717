"""Each kind of exception that a reviewer signs, put into a month: its row, its amount and its reason; and the month ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from month_played import figures_tie, made
from scene import Scene, a_person

from receivables.diagnosis import Remedy
from receivables.month import Month
from receivables.payment import Allocation, FeedStatus
from storage import nights
from sync import journey, reconciliation, requests
from sync.month_package import Sign

MARCH = Month.of("2026-03")


@dataclass(frozen=True)
class Expected:
    """What the row says; `what` is a part of its sentence."""

    sign: Sign
    transaction: str
    what: str
    amount_minor: int | None
    people: tuple[str, str] = ("Dana", "")
    reason: str = ""


def ask(scene: Scene, remedy: Remedy, *, approved: bool = True, **options: object) -> None:
    """Dana asks, Sam agrees where two people are needed, and it is carried out."""
    asked = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli", reason="as agreed", options=options)
    if approved:
        requests.approve(scene.desk, asked.id, by="sam")
    journey.finish_once(scene.desk)
    scene.sync()


def invoiced(scene: Scene, number: str = "1042", name: str = "Hooli") -> str:
    """A customer with an invoice of 500.00; returns the customer's id."""
    customer = scene.customer(name)
    scene.invoice(number, customer, 50_000)
    return customer.id


def credited(scene: Scene) -> None:
    """A payment of 500.00 whose invoice a credit memo of 120.00 took a part of."""
    hooli = invoiced(scene)
    memo = scene.ledger.add_credit_memo("CM-1", hooli, 12_000, "USD", date(2026, 3, 2), by="bea")
    scene.ledger.apply_credit(memo.id, scene.ledger.invoices()[0].id, 12_000, by="bea")
    scene.pay()
    scene.sync()


def by_its_maker(scene: Scene) -> Expected:
    dana = a_person("dana", books_name="bea")
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, solo=True), people={"dana": dana})
    credited(scene)
    ask(scene, Remedy.UNAPPLY_CREDIT_MEMO, approved=False)
    return Expected(Sign.BY_MAKER, "TXN-1", "", 50_000, reason="as agreed")


def without_a_receipt(scene: Scene) -> Expected:
    scene.pay()
    scene.sync()
    ask(scene, Remedy.DISMISS)
    return Expected(Sign.WITHOUT_RECEIPT, "TXN-1", "", 50_000, ("Dana", "Sam"), "as agreed")


def not_a_duplicate(scene: Scene) -> Expected:
    hooli = invoiced(scene)
    line = (scene.ledger.invoices()[0].id, 50_000)
    scene.ledger.enter_receipt(hooli, 50_000, "USD", date(2026, 3, 4), by="Erin", lines=[line], reference="check 8841")
    scene.pay()
    scene.sync()
    ask(scene, Remedy.NOT_DUPLICATE, cash_reference="check 8841")
    return Expected(Sign.NOT_DUPLICATE, "TXN-1", "", 50_000, ("Dana", "Sam"), "as agreed")


def a_possible_duplicate(scene: Scene) -> Expected:
    hooli = invoiced(scene)
    scene.pay()
    scene.sync()
    scene.ledger.enter_receipt(hooli, 50_000, "USD", date(2026, 3, 6), by="bank feed", reference="ACH Hooli")
    what = "the same customer and amount, 3 days later, and it does not name the payment."
    return Expected(Sign.POSSIBLE_DUPLICATE, "TXN-1", what, 50_000, ("", ""))


def voided(scene: Scene) -> Expected:
    invoiced(scene)
    scene.pay()
    scene.sync()
    scene.feed(replace(scene.payment().payment, status=FeedStatus.FAILED, status_at=datetime(2026, 3, 9, 15, tzinfo=UTC)))
    scene.sync()
    ask(scene, Remedy.VOID_RECEIPT)
    return Expected(Sign.VOIDED, "TXN-1", "", 50_000, ("Dana", "Sam"), "as agreed")


def in_another_month(scene: Scene) -> Expected:
    invoiced(scene)
    scene.ledger.close_period(date(2026, 2, 28), by="erin")
    scene.pay(paid_at=datetime(2026, 2, 27, 18, tzinfo=UTC))
    scene.sync()
    ask(scene, Remedy.POST_ON_OPEN_DAY)
    return Expected(Sign.OTHER_PERIOD, "TXN-1", "Paid Feb 27, 2026, receipt dated Mar 1, 2026.", 50_000, ("", ""))


def a_period_reopened(scene: Scene) -> Expected:
    invoiced(scene)
    scene.ledger.close_period(date(2026, 3, 31), by="erin")
    scene.pay()
    scene.sync()
    scene.ledger.reopen_period(date(2026, 3, 1), by="erin")
    ask(scene, Remedy.RETRY, approved=False)
    reconciliation.run_once(scene.desk)
    what = "The books were closed through Mar 31, 2026 and were reopened from Mar 1, 2026."
    return Expected(Sign.PERIOD, "", what, None, ("erin", ""))


def a_credit_unapplied(scene: Scene) -> Expected:
    credited(scene)
    ask(scene, Remedy.UNAPPLY_CREDIT_MEMO, approved=False)
    what = "Credit memo CM-1 was taken off an invoice; $120.00 of it is unapplied now."
    return Expected(Sign.CREDIT_UNAPPLIED, "TXN-1", what, 12_000, reason="as agreed")


def a_spelling_remembered(scene: Scene) -> Expected:
    invoiced(scene, "001042")
    scene.pay()
    scene.sync()
    ask(scene, Remedy.MATCH, approved=False)
    return Expected(Sign.MATCHED, "", "“1042” means invoice 001042 from now on.", None)


def a_match_to_another_customer(scene: Scene) -> Expected:
    invoiced(scene, "001042", "Initech")
    scene.customer("Hooli")
    scene.pay()
    scene.sync()
    ask(scene, Remedy.MATCH, to_invoice=["001042"])
    return Expected(Sign.MATCHED, "TXN-1", "", 50_000, ("Dana", "Sam"), "as agreed")


def a_correction_taken(scene: Scene) -> Expected:
    invoiced(scene)
    scene.pay()
    scene.feed(replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),)))
    ask(scene, Remedy.ACCEPT_CORRECTION)
    what = "Amount $500.00, now $450.00; amounts by invoice $500.00, now $450.00."
    return Expected(Sign.CORRECTED, "TXN-1", what, 45_000, ("Dana", "Sam"), "as agreed")


def a_night_without_proof(scene: Scene) -> Expected:
    invoiced(scene)
    scene.pay()
    with scene.desk.work("scheduler") as work:
        nights.missed(work, datetime(2026, 3, 9, 7, tzinfo=UTC), "The books did not answer.")
    return Expected(Sign.NOT_PROVEN, "", "The books did not answer.", None, ("", ""))


KINDS: tuple[Callable[[Scene], Expected], ...] = (
    by_its_maker, without_a_receipt, not_a_duplicate, a_possible_duplicate, voided, in_another_month, a_period_reopened,
    a_credit_unapplied, a_spelling_remembered, a_match_to_another_customer, a_correction_taken, a_night_without_proof,
)  # fmt: skip


@pytest.mark.parametrize("put", KINDS, ids=lambda put: put.__name__)
def test_exception_of_a_month_is_listed_to_be_signed_and_the_month_ties(scene: Scene, put: Callable[[Scene], Expected]) -> None:
    expected = put(scene)
    found, _ = made(scene, MARCH)
    rows = [of for of in found.to_sign if (of.sign, of.transaction) == (expected.sign, expected.transaction)]
    (row,) = (of for of in rows if expected.what in of.what and of.amount_minor == expected.amount_minor)
    assert (expected.people, expected.reason) == ((row.by, row.approved_by), row.reason)
    figures_tie(found)


def test_every_kind_of_exception_is_put_into_a_month() -> None:
    source = {name for put in KINDS for name in put.__code__.co_names}
    assert {sign.name for sign in Sign} <= source
