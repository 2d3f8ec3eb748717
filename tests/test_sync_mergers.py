"""Books that do not tell of a merger, as QuickBooks: people say it, and a receipt that only went along is its own proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from scene import Scene, a_scene

from accounting.embedded.change import Kind
from accounting.embedded.connector import EmbeddedBooks
from receivables.books_records import Changes, Customer, Gone
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.payment import PaymentState
from receivables.ports import BooksTraits
from storage import decisions
from sync import binding, journey, mirroring, reconciliation, requests
from sync.standings import Standing

WHOLE = 50_000


class MergersUntold(EmbeddedBooks):
    """The same books, where a merged customer is merely inactive."""

    @property
    def traits(self) -> BooksTraits:
        return replace(super().traits, merges_untold=True)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        return {
            id_: replace(of, merged_into="") if isinstance(of, Customer) else of for id_, of in super().customers(ids).items()
        }

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        found = super().changes(cursor, receipts_only=receipts_only)
        documents = [replace(of, merged_into="") if isinstance(of, Customer) else of for of in found.documents]
        return replace(found, documents=tuple(documents))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Hooli has invoice 1042 and paid it; nothing is posted yet, but it is bound."""
    made = a_scene(tmp_path)
    made.with_books(MergersUntold(made.ledger, made.clock))
    made.invoice("1042", made.customer(), WHOLE)
    made.pay()
    mirroring.run_once(made.desk)
    binding.run_once(made.desk)
    return made


def merge(scene: Scene) -> Customer:
    remaining = scene.customer("Hooli Group")
    (hooli,) = [of for of in scene.ledger.customers() if of.name == "Hooli"]
    scene.ledger.merge_customers(hooli.id, remaining.id, by="erin")
    return remaining


def later(scene: Scene) -> None:
    scene.clock.advance(60)
    scene.sync()
    reconciliation.run_once(scene.desk)
    scene.sync()


def both(scene: Scene, remedy: Remedy, **options: object) -> str:
    """Two people; returns the decision's state after it was carried out."""
    made = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli", options=options)
    assert "waiting_approval" == made.state
    requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    later(scene)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def standing(scene: Scene) -> list[Standing]:
    return [name for name, tally in reconciliation.run_once(scene.desk).standings.items() if tally.count]


def test_two_people_match_a_payment_to_the_only_candidate_that_remains(scene: Scene) -> None:
    remaining = merge(scene)
    later(scene)
    assert Remedy.MATCH in scene.failing().offered

    assert "done" == both(scene, Remedy.MATCH, to_customer=f"#{remaining.id}")

    assert [(remaining.id, 0)] == [(receipt.customer_id, receipt.unapplied_minor) for receipt in scene.ledger.receipts()]
    assert (PaymentState.VERIFIED, None) == (scene.payment().state, scene.failure())


def test_a_voided_invoice_of_a_merged_customer_leads_to_what_took_its_place(scene: Scene) -> None:
    scene.ledger.void_invoice(scene.ledger.invoices()[0].id, by="erin")
    remaining = merge(scene)
    scene.invoice("2042", remaining, WHOLE, at=scene.clock.now())
    later(scene)
    assert (Cause.CUSTOMER_INACTIVE, True) == (scene.failing().cause, Remedy.MATCH in scene.failing().offered)

    assert "done" == both(scene, Remedy.MATCH, to_customer="Hooli Group")

    assert Cause.INVOICE_RECREATED is scene.failing().cause
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    later(scene)
    assert [(remaining.id, 0)] == [(receipt.customer_id, receipt.unapplied_minor) for receipt in scene.ledger.receipts()]
    assert [Standing.EXACTLY_ONCE] == standing(scene)


def test_a_receipt_that_only_went_along_is_its_own_proof_and_is_watched_on(scene: Scene) -> None:
    scene.sync()
    merge(scene)
    later(scene)
    assert (Cause.RECEIPT_CHANGED, Remedy.DISMISS) == (scene.failing().cause, scene.failing().remedy)

    assert "done" == both(scene, Remedy.DISMISS)

    assert [Standing.DISMISSED_WITH_PROOF] == standing(scene)
    (receipt,) = scene.ledger.receipts()
    scene.ledger.delete_receipt(receipt.id, by="erin")
    scene.clock.advance(60)
    scene.sync()
    assert [Standing.DIFFERENT] == standing(scene)


def test_a_receipt_that_was_unapplied_when_its_customer_was_merged_is_applied_with_the_dismissal(scene: Scene) -> None:
    scene.sync()
    scene.ledger.apply_receipt(scene.ledger.receipts()[0].id, (), by="erin")
    remaining = merge(scene)
    later(scene)
    assert (Cause.RECEIPT_CHANGED, Remedy.DISMISS) == (scene.failing().cause, scene.failing().remedy)

    assert "done" == both(scene, Remedy.DISMISS, apply_proof=True)

    assert [(remaining.id, 0)] == [(receipt.customer_id, receipt.unapplied_minor) for receipt in scene.ledger.receipts()]
    assert [Standing.DISMISSED_WITH_PROOF] == standing(scene)


def test_a_receipt_that_was_moved_from_a_customer_who_is_active_is_no_proof(scene: Scene) -> None:
    """Only the books can say that two customers are one: this may be one customer's money on another's invoice."""
    scene.sync()
    merge(scene)
    (hooli,) = [of for of in scene.ledger.customers() if of.name == "Hooli"]
    with scene.ledger.changing("erin") as change:
        change.connection.execute("UPDATE customers SET active = 1, merged_into = NULL WHERE id = ?", (hooli.id,))
        change.changed(Kind.CUSTOMER, hooli.id, "made active")
    later(scene)
    assert (Cause.RECEIPT_CHANGED, Remedy.RETRY) == (scene.failing().cause, scene.failing().remedy)
    receipt = scene.ledger.receipts()[0]
    with pytest.raises(CannotBeDone, match="our own receipt"):
        requests.request(scene.desk, "TXN-1", Remedy.DISMISS, by="dana", channel="cli", options={"proof": [f"#{receipt.id}"]})
