"""What could not be read for now keeps the last diagnosis, and says how old it is; it is never taken for what is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from evidence_makers import WORDS, a_line, an_evidence, an_invoice
from faulty_books import FaultyBooks
from scene import Scene, a_scene

import rules
from receivables.books_records import CreditMemo, Customer, Gone
from receivables.diagnosis import Cause, Remedy
from receivables.errors import Throttled
from receivables.payment import PaymentState
from rules.kinds import fact_sentence


class SlowBooks(FaultyBooks):
    """Books that ask us to slow down in the middle of reading."""

    slow = False

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        self._may()
        return super().credit_memos_on(invoice_ids)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        self._may()
        return super().customers(ids)

    def _may(self) -> None:
        if self.slow:
            raise Throttled("Too many requests.", 60.0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A payment of $500.00 on an invoice of which a credit memo took $120.00."""
    made = a_scene(tmp_path)
    hooli = made.customer()
    invoice = made.invoice("1042", hooli, 50_000)
    made.pay()
    memo = made.ledger.add_credit_memo("CM-77", hooli.id, 12_000, "USD", date(2026, 3, 4), by="erin")
    made.ledger.apply_credit(memo.id, invoice.id, 12_000, by="erin")
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> SlowBooks:
    slow = SlowBooks(scene.desk.books, scene.clock)
    scene.with_books(slow)
    return slow


def sentence(scene: Scene) -> str:
    found = scene.failing()
    return rules.sentence(found.diagnosis, WORDS, unread_since=found.unread_since)


def test_a_diagnosis_stays_while_the_books_are_read_in_part_and_says_as_of_when(scene: Scene, books: SlowBooks) -> None:
    scene.sync()
    before = scene.failing()
    books.slow = True
    scene.clock.advance(60)
    scene.sync()
    at = scene.clock.now()
    scene.clock.advance(60)
    scene.sync()

    now = scene.failing()
    assert (before.cause, before.evidence_id, before.diagnosis) == (now.cause, now.evidence_id, now.diagnosis)
    assert (Cause.CREDIT_MEMO_APPLIED, at) == (now.cause, now.unread_since)
    assert sentence(scene).endswith(f"As of {WORDS.moment(at)}; the books could not be read to the end since.")

    books.slow = False
    scene.sync()

    assert None is scene.failing().unread_since
    assert sentence(scene).endswith("so only $380.00 is open.")


def test_nothing_is_said_of_a_payment_of_which_the_books_were_read_in_part(scene: Scene, books: SlowBooks) -> None:
    books.slow = True
    scene.sync()
    assert PaymentState.RECEIVED is scene.payment().state

    books.slow = False
    scene.sync()
    assert Cause.CREDIT_MEMO_APPLIED is scene.failing().cause


def test_a_decision_waits_until_the_books_can_be_read_to_the_end(scene: Scene, books: SlowBooks) -> None:
    scene.sync()
    books.slow = True
    assert "accepted" == scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)

    books.slow = False
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state


def test_a_customer_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    line = a_line(invoice=an_invoice(open_minor=10_000))
    for unread, said in (((), "was not found"), (("customers: no right",), "could not be read")):
        evidence = an_evidence(lines=(line,), without_customer=True, unread=unread)
        facts = rules.diagnose(evidence).primary.because
        assert [True] == [said in fact_sentence(fact, WORDS) for fact in facts if fact.fact.startswith("customer_")]
