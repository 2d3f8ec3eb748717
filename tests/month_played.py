"""A month played through: customers pay, books and people do what they do, and the clock stands in April when all is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from makers import a_payment
from scene import Scene, a_scene

from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOutKind, Receipt
from receivables.diagnosis import Remedy
from receivables.month import Month
from receivables.payment import Allocation, FeedStatus
from sync import month_end, requests
from sync.month_package import Detail, MonthEnd

CLEARING = "Stripe Clearing"


def made(scene: Scene, month: Month) -> tuple[MonthEnd, dict[str, Detail]]:
    """The package of a month, and its lines of detail by transaction number."""
    details: list[Detail] = []
    found = month_end.gather(scene.desk, month, details.append)
    return found, {detail.stored.number: detail for detail in details}


def figures_tie(found: MonthEnd) -> None:
    """Every payment is explained, and accounts and receivables are what the general ledger of the books says."""
    assert found.adds_up
    assert all(of.closing_minor == of.ledger_minor for of in found.clearing.values())
    assert all(owed.at_end_minor == owed.ledger_minor for owed in found.receivables.values())


def at(month: int, day: int, hour: int = 18) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def ours(scene: Scene, number: str) -> Receipt:
    return next(receipt for receipt in scene.ledger.receipts() if receipt.reference == number)


def say(scene: Scene, number: str, status: FeedStatus, on: datetime) -> None:
    """The feed tells of a payment that it holds that its money went back."""
    scene.feed(replace(scene.payment(number).payment, status=status, status_at=on))


class Play:
    """A month: customers pay, people and books do what they do, and the clock stands in April when all is told."""

    def __init__(self, folder: Path) -> None:
        self.scene = scene = a_scene(folder)
        accounts = {"default": CLEARING, "ach/USD": "Undeposited Funds"}
        scene.desk = replace(scene.desk, company=replace(scene.desk.company, deposit_accounts=accounts))
        self.hooli = scene.customer()
        self.globex = scene.customer("Globex")

    def pays(
        self, number: str, minor: int, on: datetime, *, currency: str = "USD", method: str = "card", invoice: bool = True
    ) -> None:
        """Hooli pays an invoice of its own with this payment, or money on account."""
        if invoice:
            self.scene.ledger.add_invoice(
                f"INV-{number}", self.hooli.id, minor, currency=currency, issued_on=date(2026, 2, 1), by="bea", at=at(2, 1)
            )
        lines = (Allocation(minor, f"INV-{number}"),) if invoice else ()
        self.scene.feed(
            a_payment(
                transaction_number=number,
                amount_minor=minor,
                currency=currency,
                paid_at=on,
                method=method,
                allocations=lines,
                customer_id="" if invoice else self.hooli.id,
            )
        )

    def goes_to(self, moment: datetime) -> None:
        self.scene.clock.advance((moment - self.scene.clock.now()).total_seconds())


def played(folder: Path) -> Scene:
    play = Play(folder)
    scene = play.scene
    play.pays("FEB-1", 11_000, at(2, 26))  # of February, recorded in it
    play.pays("FEB-2", 12_000, at(2, 27))  # of February, entered by hand in March
    scene.ledger.enter_receipt(
        play.hooli.id, 12_000, "USD", date(2026, 3, 4), by="bea", reference="FEB-2", deposit_account=CLEARING, at=at(3, 4)
    )
    play.pays("MAR-1", 50_000, at(3, 3))
    play.pays("MAR-2", 7_000, at(3, 4), method="ach")
    play.pays("MAR-3", 20_000, at(3, 5))  # returned after it was recorded
    play.pays("MAR-4", 4_000, at(3, 6), currency="EUR")
    play.pays("MAR-5", 9_000, at(3, 6), invoice=False)  # money on account
    play.pays("MAR-6", 3_000, at(3, 9, 17), currency="JPY")
    scene.sync()
    assert "done" == scene.decide(Remedy.DISMISS, "FEB-2", proof=[ours(scene, "FEB-2").number])
    scene.ledger.deposit_receipt(ours(scene, "MAR-2").id, by="bea", deposited_on=date(2026, 3, 10))
    play.goes_to(at(3, 20))
    say(scene, "MAR-3", FeedStatus.RETURNED, at(3, 18))
    scene.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, ours(scene, "MAR-3").id, date(2026, 3, 18)), by="bea", fee_minor=400)
    scene.sync()
    play.goes_to(at(3, 27))
    play.pays("MAR-7", 6_000, at(3, 25))  # its invoice is voided: waits for a person over month end
    scene.ledger.void_invoice(next(of.id for of in scene.ledger.invoices() if of.number == "INV-MAR-7"), by="bea")
    play.pays("MAR-8", 8_000, at(3, 26))  # refunded before anything was recorded
    say(scene, "MAR-8", FeedStatus.REFUNDED, at(3, 27, 1))
    play.pays("MAR-9", 1_500, at(3, 26))  # dismissed by two people without a receipt
    scene.ledger.void_invoice(next(of.id for of in scene.ledger.invoices() if of.number == "INV-MAR-9"), by="bea")
    scene.sync()
    asked = requests.request(scene.desk, "MAR-9", Remedy.DISMISS, by="dana", channel="cli", reason="written in the old system")
    requests.approve(scene.desk, asked.id, by="sam")
    scene.sync()
    play.goes_to(at(4, 5))
    play.pays("APR-1", 2_500, at(4, 2))
    scene.ledger.enter_receipt(
        play.hooli.id, 5_500, "USD", date(2026, 3, 31), by="bea", reference="APR-2", deposit_account=CLEARING, at=at(3, 31)
    )
    play.pays("APR-2", 5_500, at(4, 1))  # entered by hand before the portal told of it
    scene.sync()
    assert "done" == scene.decide(Remedy.DISMISS, "APR-2", proof=[ours(scene, "APR-2").number])
    return scene
