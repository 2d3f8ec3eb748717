"""Payments that name nothing in the books exactly: what is near is offered, a person chooses, and a spelling is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from makers import a_payment
from scene import PAID, Scene, a_scene

from receivables.books_records import Customer
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.errors import CannotBeDone, StaleDecision
from receivables.evidence import Evidence, Kin
from receivables.payment import Allocation, PaymentState
from rules import sentence
from storage import aliases, audit, decisions, kept_evidence
from storage.aliases import Alias
from sync import journey, requests


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)


def evidence_of(scene: Scene, number: str = "TXN-1") -> Evidence:
    found = scene.failing(number)
    with scene.db.read() as connection:
        return kept_evidence.get(connection, "acme", found.evidence_id or "")


def diagnosed(scene: Scene, number: str = "TXN-1") -> Diagnosis:
    found = scene.failing(number).diagnosis
    assert found is not None
    return found


def said(scene: Scene, number: str = "TXN-1") -> str:
    return sentence(diagnosed(scene, number), scene.desk.company.words)


def near(scene: Scene, number: str = "TXN-1") -> list[tuple[str, Kin]]:
    return [(found.invoice.number, found.kin) for line in evidence_of(scene, number).lines for found in line.near]


def agree(scene: Scene, number: str = "TXN-1", *, by: str = "sam", **options: object) -> str:
    """Dana asks for a match, sam agrees, and it is carried out."""
    made = requests.request(scene.desk, number, Remedy.MATCH, by="dana", channel="cli", options=options)
    assert "waiting_approval" == made.state
    requests.approve(scene.desk, made.id, by=by)
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def remembered(scene: Scene) -> list[Alias]:
    with scene.db.read() as connection:
        return list(aliases.of_company(connection, "acme"))


def paid_by(scene: Scene) -> list[tuple[str, str]]:
    """(reference, customer id) of every receipt in the books."""
    return sorted((receipt.reference, receipt.customer_id) for receipt in scene.ledger.receipts())


# --- another spelling of a number -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_books", "written", "why"),
    [
        ("001042", "1042", "without its leading zeros"),
        ("1042", "001042", "with leading zeros"),
        ("INV-1043", "inv-1043", "written differently"),
        ("INV\u20111045", "INV-1045", "written differently"),
        ("\u00c5-1047", "A\u030a-1047", "written with other characters"),
        ("A-1", "A1", "written differently"),
    ],
)
def test_a_number_in_another_spelling_is_offered_matched_and_remembered(
    scene: Scene, in_books: str, written: str, why: str
) -> None:
    hooli = scene.customer()
    scene.invoice(in_books, hooli, 100_000)
    scene.pay(to={written: 50_000})
    scene.sync()

    assert (Remedy.MATCH, [(in_books, Kin.SAME)]) == (scene.failing().remedy, near(scene))
    assert f"Invoice {in_books} of Hooli has $1,000.00 open; {written} may be {in_books}, {why}." in said(scene).replace(
        f"{in_books} with", f"{in_books}, with"
    )
    assert [] == scene.receipts()  # never bound by itself
    assert "done" == scene.decide(Remedy.MATCH)
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state

    (alias,) = remembered(scene)
    assert (written, hooli.id, in_books, "dana") == (alias.spelling, alias.customer_id, alias.invoice_number, alias.said_by)
    scene.pay("TXN-2", to={written: 50_000})
    scene.sync()
    assert [("TXN-1", 50_000, 0), ("TXN-2", 50_000, 0)] == scene.receipts()
    with scene.db.read() as connection:
        bound = [row for row in audit.rows(connection, "acme", "TXN-2") if row.action == "allocation.bound_by_spelling"]
    assert alias.id in bound[0].body


def test_two_invoices_of_one_key_are_two_candidates_and_nothing_is_remembered(scene: Scene) -> None:
    hooli = scene.customer()
    for number in ("A-1", "A1"):
        scene.invoice(number, hooli, 50_000)
    scene.pay(to={"a 1": 50_000})
    scene.sync()
    assert [("A-1", Kin.SAME), ("A1", Kin.SAME)] == near(scene)
    assert said(scene).endswith("Choose which one is meant.")
    made = requests.request(scene.desk, "TXN-1", Remedy.MATCH, by="dana", channel="cli", options={"to_invoice": ["A1"]})
    assert "accepted" == made.state
    journey.finish_once(scene.desk)
    scene.sync()
    assert (PaymentState.VERIFIED, []) == (scene.payment().state, remembered(scene))


def test_a_match_without_a_choice_among_several_is_refused_with_their_names(scene: Scene) -> None:
    hooli = scene.customer()
    for number in ("0042", "00042"):
        scene.invoice(number, hooli, 50_000)
    scene.pay(to={"42": 50_000})
    scene.sync()
    with pytest.raises(CannotBeDone, match=r"Choose the invoice for 42: 0042 .* or 00042"):
        scene.decide(Remedy.MATCH)


def test_two_invoices_of_one_number_are_told_apart_by_id(scene: Scene) -> None:
    hooli = scene.customer()
    first, second = (scene.invoice("1042", hooli, 50_000) for _ in "12")
    scene.pay()
    scene.sync()
    for invoice in (first, second):
        assert f"Invoice 1042 (#{invoice.id}) of Hooli has $500.00 open." in said(scene)
    assert "done" == scene.decide(Remedy.MATCH, to_invoice=f"#{second.id}")
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    assert ([second.id], []) == ([line.invoice_id for line in receipt.lines], remembered(scene))


def test_the_number_itself_comes_before_another_spelling_of_it(scene: Scene) -> None:
    hooli = scene.customer()
    for number in ("0042", "42"):
        scene.invoice(number, hooli, 50_000)
    scene.pay(to={"42": 50_000})
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    (line,) = receipt.lines
    assert "42" == next(invoice.number for invoice in scene.ledger.invoices() if invoice.id == line.invoice_id)


def test_a_spelling_that_could_mean_another_invoice_by_now_binds_nothing(scene: Scene) -> None:
    hooli = scene.customer()
    scene.invoice("0042", hooli, 100_000)
    scene.pay(to={"42": 50_000})
    scene.sync()
    scene.decide(Remedy.MATCH)
    scene.sync()
    scene.invoice("42", hooli, 50_000)
    scene.pay("TXN-2", to={"42": 50_000})
    scene.sync()
    assert {("42", Kin.SAME), ("0042", Kin.SAME)} == set(near(scene, "TXN-2"))


def test_a_number_that_a_file_gave_as_an_id_is_found(scene: Scene) -> None:
    scene.invoice("1048", scene.customer(), 50_000)
    scene.feed(a_payment(allocations=(Allocation(50_000, invoice_id="1048"),), amount_minor=50_000, customer="Hooli"))
    scene.sync()
    assert [("1048", Kin.SAME)] == near(scene)
    assert "done" == scene.decide(Remedy.MATCH)
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state


# --- another spelling of a name --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["Globex Inc", "GLOBEX INC.", "Globex,Inc", "Globex \u2010 Inc"])
def test_a_name_in_another_spelling_is_offered_matched_and_remembered(scene: Scene, written: str) -> None:
    globex = scene.customer("Globex, Inc.")
    scene.invoice("1042", globex, 50_000)
    scene.pay(customer=written)
    scene.sync()
    assert (Remedy.MATCH, [("1042", Kin.SPELLING)]) == (scene.failing().remedy, near(scene))
    assert f"Customer Globex, Inc. is probably {written}, spelled differently." in said(scene)
    assert "done" == scene.decide(Remedy.MATCH)
    scene.sync()
    assert [written] == [alias.spelling for alias in remembered(scene)]

    scene.invoice("1043", globex, 50_000)
    scene.pay("TXN-2", to={"1043": 50_000}, customer=written)
    scene.sync()
    assert [("TXN-1", globex.id), ("TXN-2", globex.id)] == paid_by(scene)


def test_a_spelling_that_was_taken_back_binds_no_later_payment(scene: Scene) -> None:
    globex = scene.customer("Globex, Inc.")
    for number in ("1042", "1043"):
        scene.invoice(number, globex, 50_000)
    scene.pay(customer="Globex Inc")
    scene.sync()
    scene.decide(Remedy.MATCH)
    scene.sync()
    (alias,) = remembered(scene)
    with scene.desk.work("dana") as work:
        assert aliases.take_back(work, alias.id, by="dana")
        assert not aliases.take_back(work, alias.id, by="dana")
    assert [] == remembered(scene)
    scene.pay("TXN-2", to={"1043": 50_000}, customer="Globex Inc")
    scene.sync()
    assert Remedy.MATCH is scene.failing("TXN-2").remedy


def test_a_name_without_its_invoice_is_matched_to_the_customer(scene: Scene) -> None:
    globex = scene.customer("Globex, Inc.")
    scene.pay(customer="Globex Inc")
    scene.sync()
    assert "Customer Globex, Inc. is probably Globex Inc, spelled differently." == said(scene)
    assert "done" == scene.decide(Remedy.MATCH)
    scene.sync()
    assert (Cause.INVOICE_NOT_READY, globex.id) == (scene.failing().cause, (evidence_of(scene).customer or globex).id)


def test_a_spelling_of_a_merged_customer_follows_to_the_one_that_remains(scene: Scene) -> None:
    globex, group = scene.customer("Globex, Inc."), scene.customer("Globex Group")
    for number in ("1042", "1043"):
        scene.invoice(number, globex, 50_000)
    scene.pay(customer="Globex Inc")
    scene.sync()
    scene.decide(Remedy.MATCH)
    scene.sync()
    scene.ledger.merge_customers(globex.id, group.id, by="ida")
    scene.pay("TXN-2", to={"1043": 50_000}, customer="Globex Inc")
    scene.sync()
    assert ("TXN-2", group.id) in paid_by(scene)


# --- customers of one name ---------------------------------------------------------------------------------------------------


def two_smiths(scene: Scene) -> tuple[Customer, Customer]:
    return scene.customer("Smith"), scene.customer("Smith")


def test_of_two_customers_of_one_name_a_person_chooses_and_the_name_is_not_remembered(scene: Scene) -> None:
    first, second = two_smiths(scene)
    scene.invoice("1042", second, 50_000)
    scene.pay(customer="Smith")
    scene.sync()
    assert (Remedy.MATCH, [("1042", Kin.NAMESAKE)]) == (scene.failing().remedy, near(scene))
    assert "done" == scene.decide(Remedy.MATCH, to_customer=f"#{second.id}")
    scene.sync()
    assert ([("TXN-1", second.id)], []) == (paid_by(scene), remembered(scene))
    assert first.id != second.id


def test_both_customers_of_one_name_with_the_same_number_are_told_apart_by_id(scene: Scene) -> None:
    first, second = two_smiths(scene)
    for of in (first, second):
        scene.invoice("1042", of, 50_000)
    scene.pay(customer="Smith")
    scene.sync()
    with pytest.raises(CannotBeDone, match="Several customers are called Smith"):
        scene.decide(Remedy.MATCH, to_customer="Smith")
    assert "done" == scene.decide(Remedy.MATCH, to_customer=f"#{first.id}")
    scene.sync()
    assert [("TXN-1", first.id)] == paid_by(scene)


def test_money_without_an_invoice_goes_to_the_customer_that_a_person_chose(scene: Scene) -> None:
    _, second = two_smiths(scene)
    scene.feed(a_payment(allocations=(), amount_minor=50_000, customer="Smith"))
    scene.sync()
    assert Remedy.MATCH is scene.failing().remedy
    assert "done" == scene.decide(Remedy.MATCH, to_customer=f"#{second.id}")
    scene.sync()
    assert ([("TXN-1", second.id)], []) == (paid_by(scene), remembered(scene))


# --- another customer's ------------------------------------------------------------------------------------------------------


def a_family(scene: Scene) -> tuple[Customer, Customer, Customer]:
    parent = scene.customer("Hooli")
    west, east = (scene.ledger.add_customer(name, by="bea", at=None, parent_id=parent.id) for name in ("West", "East"))
    return parent, west, east


@pytest.mark.parametrize(("payer", "owner"), [("Hooli", "West"), ("West", "Hooli"), ("East", "West")])
def test_the_invoice_of_a_parent_a_job_or_a_sister_takes_two_people_each_time(scene: Scene, payer: str, owner: str) -> None:
    family = {of.name: of for of in a_family(scene)}
    for number in ("5065", "5066"):
        scene.invoice(number, family[owner], 50_000)
    scene.pay(to={"5065": 50_000}, customer=payer)
    scene.sync()
    assert (Remedy.MATCH, [("5065", Kin.FAMILY)]) == (scene.failing().remedy, near(scene))
    assert "is a parent, job or sister of" in said(scene)
    assert "done" == agree(scene)
    scene.sync()
    assert ([("TXN-1", family[owner].id)], []) == (paid_by(scene), remembered(scene))
    scene.pay("TXN-2", to={"5066": 50_000}, customer=payer)
    scene.sync()
    assert "done" == agree(scene, "TXN-2")


def test_sisters_with_the_same_number_are_both_offered_where_the_parent_pays(scene: Scene) -> None:
    parent, west, east = a_family(scene)
    for of in (west, east):
        scene.invoice("5065", of, 50_000)
    scene.pay(to={"5065": 50_000})
    scene.sync()
    assert [Kin.FAMILY, Kin.FAMILY] == [kin for _, kin in near(scene)]
    assert "done" == agree(scene, to_customer="Hooli:East")
    scene.sync()
    assert [("TXN-1", east.id)] == paid_by(scene)
    assert parent.id != east.id


def test_the_full_name_of_a_job_is_its_name(scene: Scene) -> None:
    _, west, _ = a_family(scene)
    scene.invoice("5065", west, 50_000, at=PAID)
    scene.pay(to={"5065": 50_000}, customer="hooli:west", paid_at=PAID)
    scene.sync()
    assert [("TXN-1", west.id)] == paid_by(scene)


def test_an_unrelated_customers_invoice_is_named_and_takes_two_people(scene: Scene) -> None:
    scene.customer()
    initech = scene.customer("Initech")
    scene.invoice("5065", initech, 50_000)
    scene.pay(to={"5065": 50_000})
    scene.sync()
    assert "Invoice 5065 of Initech has $500.00 open. Customer Initech is not Hooli." == said(scene)
    assert "done" == agree(scene)
    scene.sync()
    assert ([("TXN-1", initech.id)], []) == (paid_by(scene), remembered(scene))


def test_an_unrelated_customers_number_in_another_spelling_is_no_candidate(scene: Scene) -> None:
    scene.customer()
    scene.invoice("005065", scene.customer("Initech"), 50_000)
    scene.pay(to={"5065": 50_000})
    scene.sync()
    assert (Cause.INVOICE_NOT_READY, []) == (scene.failing().cause, near(scene))


def test_another_currency_and_a_voided_invoice_are_no_candidates(scene: Scene) -> None:
    hooli = scene.customer()
    scene.ledger.add_invoice("001042", hooli.id, 50_000, currency="EUR", issued_on=PAID.date(), by="bea")
    scene.ledger.void_invoice(scene.invoice("01042", hooli, 50_000).id, by="bea")
    scene.pay()
    scene.sync()
    assert (Cause.INVOICE_NOT_READY, []) == (scene.failing().cause, near(scene))


def test_a_match_is_taken_back_by_reopening_as_long_as_nothing_is_posted(scene: Scene) -> None:
    globex = scene.customer("Globex, Inc.")
    scene.invoice("001042", globex, 50_000)
    scene.pay(customer="Globex Inc")
    scene.sync()
    assert "done" == scene.decide(Remedy.MATCH)
    assert 2 == len(remembered(scene))

    requests.reopen(scene.desk, "TXN-1", by="sam")
    journey.diagnose_now(scene.desk)
    scene.sync()
    assert ([], [], Remedy.MATCH) == (remembered(scene), scene.receipts(), scene.failing().remedy)
    with pytest.raises(StaleDecision, match="nothing to reopen"):
        requests.reopen(scene.desk, "TXN-1", by="sam")

    assert "done" == scene.decide(Remedy.MATCH)
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state
    with pytest.raises(StaleDecision, match="nothing to reopen"):
        requests.reopen(scene.desk, "TXN-1", by="sam")


# --- what a person names -------------------------------------------------------------------------------------------------------


def test_a_person_may_name_an_invoice_that_is_not_near(scene: Scene) -> None:
    hooli = scene.customer()
    scene.invoice("1024", hooli, 50_000)
    scene.pay()
    scene.sync()
    assert Remedy.MATCH in scene.failing().offered
    assert "done" == scene.decide(Remedy.MATCH, to_invoice=["1024"])
    scene.sync()
    assert ([("TXN-1", hooli.id)], []) == (paid_by(scene), remembered(scene))  # 1042 is no spelling of 1024


def test_an_invoice_of_another_customer_that_a_person_names_takes_two_people(scene: Scene) -> None:
    scene.customer()
    initech = scene.customer("Initech")
    scene.invoice("7001", initech, 50_000)
    scene.pay()
    scene.sync()
    assert "done" == agree(scene, to_invoice="7001")
    scene.sync()
    assert [("TXN-1", initech.id)] == paid_by(scene)


@pytest.mark.parametrize("options", [{}, {"to_invoice": "9999"}, {"to_customer": "Nobody"}])
def test_what_is_not_there_is_refused_in_words(scene: Scene, options: dict[str, str]) -> None:
    hooli = scene.customer()
    scene.ledger.add_invoice("9999", hooli.id, 50_000, currency="EUR", issued_on=PAID.date(), by="bea")
    scene.pay()
    scene.sync()
    with pytest.raises(CannotBeDone, match=r"Nothing near|no invoice 9999 in USD|No customer in the books is called Nobody"):
        scene.decide(Remedy.MATCH, **options)


def test_a_number_is_a_number_even_where_it_is_the_id_of_another_invoice(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("7001", hooli, 50_000)
    second = scene.invoice(first.id, hooli, 50_000)
    scene.pay()
    scene.sync()
    assert "done" == scene.decide(Remedy.MATCH, to_invoice=first.id)
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    assert [second.id] == [line.invoice_id for line in receipt.lines]


def test_invoices_of_two_customers_are_not_one_receipt(scene: Scene) -> None:
    hooli, initech = scene.customer(), scene.customer("Initech")
    scene.invoice("1042", hooli, 30_000)
    scene.invoice("7001", initech, 20_000)
    scene.pay(to={"1042": 30_000, "7001": 20_000})
    scene.sync()
    with pytest.raises(CannotBeDone, match="one receipt is of one customer"):
        scene.decide(Remedy.MATCH)


def test_a_match_is_not_carried_out_where_the_invoice_is_voided_meanwhile(scene: Scene) -> None:
    hooli = scene.customer()
    found = scene.invoice("001042", hooli, 50_000)
    scene.pay()
    scene.sync()
    made = requests.request(scene.desk, "TXN-1", Remedy.MATCH, by="dana", channel="cli")
    scene.ledger.void_invoice(found.id, by="bea")
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        assert "refused" == decisions.get(connection, "acme", made.id).state


def test_a_match_is_offered_only_where_something_was_not_found(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), 40_000)
    scene.pay()
    scene.sync()
    with pytest.raises(StaleDecision, match="is not offered"):
        scene.decide(Remedy.MATCH)
