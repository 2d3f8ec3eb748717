"""A whole small house whose books are in Xero, with the stand-in behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evidence_makers import WORDS
from makers import CHICAGO
from scene import Scene, a_scene
from xero_scene import CHECKING, XeroScene, xero_scene

import rules
from accounting.xero.connector import XeroBooks
from receivables.diagnosis import Cause
from storage.marks import StoredMarks
from storage.watch import Watch


@dataclass(frozen=True)
class House:
    """A small house whose books are in Xero; `people` of the house work in the same ledger by its own ids."""

    scene: Scene
    behind: XeroScene

    def payments_in_xero(self) -> list[tuple[str, int]]:
        """(reference, amount) of every payment and overpayment that counts."""
        living = [receipt for receipt in self.scene.ledger.receipts() if not receipt.voided]
        return sorted((receipt.reference.rpartition(" | ")[2], receipt.amount_minor) for receipt in living)

    def another_process(self) -> XeroBooks:
        """The connector as another process has it: it remembers nothing that the books answered."""
        return books_of(self.behind, self.scene)

    def cause(self, number: str = "TXN-1") -> Cause:
        diagnosis = self.scene.failing(number).diagnosis
        assert diagnosis is not None
        return diagnosis.primary.cause

    def sentence(self, number: str = "TXN-1") -> str:
        diagnosis = self.scene.failing(number).diagnosis
        assert diagnosis is not None
        return rules.sentence(diagnosis, WORDS)


def books_of(behind: XeroScene, scene: Scene) -> XeroBooks:
    """The connector with what the house's database knows of our markers."""
    return XeroBooks(
        behind.calls,
        behind.clock,
        organisation=behind.xero.organisation,
        time_zone=CHICAGO,
        deposit_account=CHECKING,
        index=StoredMarks(scene.db, scene.desk.company.id),
    )


@contextmanager
def a_house(folder: Path, *, check_contract: bool = True) -> Iterator[House]:
    with xero_scene(folder, check_contract=check_contract) as behind:
        made = a_scene(folder)
        made.ledger.close()
        books = books_of(behind, made)
        desk = replace(made.desk, books=books, clock=behind.clock, watch=Watch(behind.clock))
        yield House(Scene(made.db, behind.xero.ledger, behind.clock, desk), behind)
        made.db.close()
