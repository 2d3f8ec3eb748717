"""Whatever is sent to the stand-in for QuickBooks Online, in whatever order, its books add up and tell one story.

Seeded walks send invoices, credit memos and payments of every form; after each step the documents that the API
shows must agree with each other to the cent, and with the ledger below.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson
import slow
from makers import ManualClock
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_api import Asked, CompanyApi

from accounting.embedded.change import Temper
from accounting.embedded.ledger import Ledger

STEPS = 30
Document = Mapping[str, Any]


class Walk:
    """One company, and somebody who does what the dice say."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = ManualClock()
        self.ledger = Ledger(folder / f"{seed}.sqlite", self.clock, temper=Temper.SWALLOWING)
        side.lay(self.ledger)
        if self.dice.random() < 0.3:
            self.ledger.set_auto_apply_credits(True, by="Dana")
            with self.ledger.changing("Dana") as change:
                side.set_settings(change, {"eat_freed_credit_at_once": True})
        self.api = CompanyApi(self.ledger, self.clock, "1", "token")
        self.ids: dict[str, list[str]] = {"Invoice": [], "CreditMemo": [], "Payment": []}
        self.answers: Counter[str] = Counter()
        names = ("Hooli", "Initech")
        self.customers = [self.call("POST", "customer", {"DisplayName": name})["Customer"]["Id"] for name in names]

    def call(self, method: str, path: str, body: Document | None = None, **parameters: str) -> Any:
        headers = {"authorization": "Bearer token"}
        raw = simplejson.dumps(body or {}, use_decimal=True).encode()
        answer = self.api.answer(Asked(method, f"/v3/company/1/{path}", parameters, headers, raw))
        parsed = simplejson.loads(answer.text, use_decimal=True)
        self.answers[parsed["Fault"]["Error"][0]["code"] if "Fault" in parsed else "done"] += 1
        return parsed

    def step(self) -> None:
        """One thing somebody does; most of them QuickBooks takes, some it refuses."""
        self.clock.advance(self.dice.randint(0, 5))
        does = self.dice.choices(
            [self.bill, self.pay, self.edit_payment, self.end_payment, self.end_sale], weights=[4, 4, 4, 2, 1]
        )[0]
        does()

    def bill(self) -> None:
        entity = self.dice.choice(["Invoice", "CreditMemo"])
        body = {"CustomerRef": self.customer(), "Line": [{"Amount": self.dice.randint(1, 100)}]}
        self.ids[entity].append(self.call("POST", entity.lower(), body)[entity]["Id"])

    def pay(self) -> None:
        amount = self.dice.choice([0, 0, self.dice.randint(1, 100)])
        made = self.call("POST", "payment", {"CustomerRef": self.customer(), "TotalAmt": amount, "Line": self.lines()})
        if "Payment" in made:
            self.ids["Payment"].append(made["Payment"]["Id"])

    def edit_payment(self) -> None:
        """Some of the old lines stay, some new ones come; a change that was taken has a newer version."""
        held = self.one_of("Payment")
        if held is None:
            return
        kept = [line for line in held["Line"] if self.dice.random() < 0.5]
        amount = held["TotalAmt"] if self.dice.random() < 0.7 else self.dice.randint(0, 100)
        body = {**self.named(held), "TotalAmt": amount, "Line": [*kept, *self.lines()]}
        edited = self.call("POST", "payment", body)
        assert "Fault" in edited or int(edited["Payment"]["SyncToken"]) > int(held["SyncToken"])

    def end_payment(self) -> None:
        if held := self.one_of("Payment"):
            body = {**self.named(held), "TotalAmt": held["TotalAmt"]}
            self.call("POST", "payment", body, operation=self.dice.choice(["delete", "void"]))

    def end_sale(self) -> None:
        entity = self.dice.choice(["Invoice", "CreditMemo"])
        if held := self.one_of(entity):
            operation = self.dice.choice(["delete", "void"]) if entity == "Invoice" else "delete"
            self.call("POST", entity.lower(), self.named(held), operation=operation)

    def one_of(self, entity: str) -> Document | None:
        if not self.ids[entity]:
            return None
        document: Document | None = self.call("GET", f"{entity.lower()}/{self.dice.choice(self.ids[entity])}").get(entity)
        return document

    def customer(self) -> Document:
        return {"value": self.customers[0] if self.dice.random() < 0.9 else self.customers[1]}

    def lines(self) -> list[Document]:
        lines: list[Document] = []
        for _ in range(self.dice.randint(0, 4)):
            entity = self.dice.choice(["Invoice", "CreditMemo"])
            if self.ids[entity]:
                linked = [{"TxnId": self.dice.choice(self.ids[entity]), "TxnType": entity}]
                lines.append({"Amount": self.dice.randint(1, 60), "LinkedTxn": linked})
        return lines

    @staticmethod
    def named(held: Document) -> dict[str, Any]:
        return {name: held[name] for name in ("Id", "SyncToken", "CustomerRef")}

    def narrow_questions_agree(self, entity: str) -> bool:
        """Whether a question about one customer and a time finds just those of all documents that fit."""
        times = sorted(document["MetaData"]["LastUpdatedTime"] for document in self.all(entity))
        since = times[len(times) // 2] if times else self.clock.now().isoformat()
        asked = f"select * from {entity} where CustomerRef = '{self.customers[0]}' and MetaData.LastUpdatedTime >= '{since}'"
        found = self.call("GET", "query", query=f"{asked} maxresults 1000")["QueryResponse"].get(entity, [])
        fitting = [document for document in self.all(entity) if document["CustomerRef"]["value"] == self.customers[0]]
        fitting = [document for document in fitting if document["MetaData"]["LastUpdatedTime"] >= since]
        single = [self.call("GET", f"{entity.lower()}/{document['Id']}")[entity] for document in fitting]
        return bool(fitting == found == single)

    def all(self, entity: str) -> list[Document]:
        found = self.call("GET", "query", query=f"select * from {entity} maxresults 1000")["QueryResponse"]
        return list(found.get(entity, []))


def linked(payment: Document) -> list[tuple[str, str, Decimal]]:
    """(kind, id, amount) of each line."""
    return [(line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"], line["Amount"]) for line in payment["Line"]]


def contradictions(payments: Sequence[Document], invoices: Sequence[Document], memos: Sequence[Document]) -> list[str]:
    """Every document whose figures are not what the payments say."""
    found: list[str] = []
    standing: dict[tuple[str, str], Decimal] = {}
    payers: dict[str, set[str]] = {}
    for payment in payments:
        rest = payment["TotalAmt"]
        for kind, document_id, amount in linked(payment):
            standing[kind, document_id] = standing.get((kind, document_id), Decimal(0)) + amount
            rest += amount if kind == "CreditMemo" else -amount
            if kind == "Invoice":
                payers.setdefault(document_id, set()).add(payment["Id"])
        if rest != payment["UnappliedAmt"]:
            found.append(f"payment {payment['Id']}")
    for invoice in invoices:
        named = {link["TxnId"] for link in invoice["LinkedTxn"]}
        paid = invoice["TotalAmt"] - invoice["Balance"]
        if paid != standing.get(("Invoice", invoice["Id"]), 0) or named != payers.get(invoice["Id"], set()):
            found.append(f"invoice {invoice['Id']}")
    taken = {memo["Id"]: memo["TotalAmt"] - memo["RemainingCredit"] for memo in memos}
    found += [f"credit memo {memo_id}" for memo_id, amount in taken.items() if amount != standing.get(("CreditMemo", memo_id), 0)]
    return found


@pytest.mark.parametrize("seed", slow.those(range(6), bool))
def test_the_books_add_up_whatever_is_sent(tmp_path: Path, seed: int) -> None:
    walk = Walk(tmp_path, seed)
    for _ in range(STEPS):
        walk.step()
        assert [] == contradictions(walk.all("Payment"), walk.all("Invoice"), walk.all("CreditMemo"))
        assert () == walk.ledger.check_books()
    assert [] == [entity for entity in walk.ids if not walk.narrow_questions_agree(entity)]
    assert [] == walk.api.violations["answer"]
    assert "done" in walk.answers
    assert {"done"} != set(walk.answers)  # something was refused too
    walk.ledger.close()


def test_figures_that_contradict_each_other_are_found() -> None:
    line = {"Amount": Decimal(5), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
    payment = {"Id": "2", "TotalAmt": Decimal(7), "UnappliedAmt": Decimal(3), "Line": [line]}
    invoice = {"Id": "1", "TotalAmt": Decimal(9), "Balance": Decimal(5), "LinkedTxn": []}
    memo = {"Id": "3", "TotalAmt": Decimal(9), "RemainingCredit": Decimal(5)}
    assert ["payment 2", "invoice 1", "credit memo 3"] == contradictions([payment], [invoice], [memo])
