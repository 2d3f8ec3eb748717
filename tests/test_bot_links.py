"""Each document is opened in the right books, people and documents have one name, and who may decide is said as it is decided."""

from __future__ import annotations

from dataclasses import replace

from card_people import PEOPLE
from card_states import COMPANY, QUICKBOOKS, STAMPED, a_card, a_decision, credited, entered_by_hand, swallowed
from evidence_makers import a_credit, a_line, an_evidence, an_invoice, cases, evidence_of

import rules
from accounting.quickbooks import description as quickbooks
from accounting.tryton import description as tryton
from accounting.xero import documents as xero
from bot.called import called, document
from bot.cards import failure_card
from bot.deciders import NOBODY, who_may_approve, who_may_decide
from bot.headlines import headline
from bot.links import in_the_books
from receivables.books_records import BooksSettings
from receivables.diagnosis import Cause, Remedy
from receivables.evidence import Evidence
from storage.codec import facts_hash

REALM = quickbooks.addresses("production", "9341")


def read_in(evidence: Evidence, addresses: tuple[tuple[str, str], ...]) -> Evidence:
    return replace(evidence, settings=replace(evidence.settings, addresses=addresses))


def line_of(evidence: Evidence) -> str:
    (element,) = in_the_books(evidence, QUICKBOOKS)
    return str(element["text"])


# --- links --------------------------------------------------------------------------------------------------------------


def test_each_document_is_opened_in_the_company_s_own_books() -> None:
    opened = "https://qbo.intuit.com/app/login?deeplinkcompanyid=9341&amp;pagereq="
    assert line_of(read_in(credited(), REALM)) == (
        f"Open in QuickBooks: <{opened}invoice%3FtxnId%3Di-1042|invoice 1042> · "
        f"<{opened}creditmemo%3FtxnId%3Dm-CM-77|credit memo CM-77>"
    )


def test_xero_and_tryton_say_where_their_documents_are_and_others_nothing() -> None:
    organisation = {"BaseCurrency": "USD", "ShortCode": "!NLglS"}
    assert xero.settings(organisation).page_of("invoice", "1cf1") == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=%21NLglS"
        "&redirecturl=%2FAccountsReceivable%2FView.aspx%3FInvoiceID%3D1cf1"
    )
    assert "" == xero.settings({"BaseCurrency": "USD"}).page_of("invoice", "1cf1")
    web = BooksSettings("USD", None, addresses=tryton.addresses("https://tryton.example/", "acme"))
    assert "https://tryton.example/#acme/model/account.invoice/12" == web.page_of("invoice", "12")
    assert ("", ()) == (web.page_of("receipt", "12"), tryton.addresses(None, "acme"))
    assert [] == in_the_books(credited(), COMPANY)


def test_a_link_holds_nothing_that_slack_would_parse() -> None:
    number = "<!here>|*1042*"
    line = a_line(invoice=an_invoice(number=number, id="<!here>"), credits=(a_credit(memo="_CM_"),))
    said = line_of(read_in(an_evidence(lines=(line,)), REALM))
    assert "txnId%3D%3C%21here%3E|invoice>" in said
    assert "|credit memo>" in said


def test_where_documents_are_opened_is_no_fact_to_decide_upon() -> None:
    assert facts_hash(credited()) == facts_hash(read_in(credited(), REALM))


# --- names --------------------------------------------------------------------------------------------------------------


def test_whoever_the_books_know_is_called_by_the_name_of_the_configuration() -> None:
    text = str(failure_card(a_card(credited()), COMPANY, PEOPLE).blocks)
    assert "Erin Walsh applied credit memo CM-77" in text
    assert "erin" not in text


def test_a_document_is_called_what_its_package_calls_it() -> None:
    assert "QuickBooks payment 9" == document("receipt 9", QUICKBOOKS)
    assert "Unapplied on QuickBooks payment 9" == document("Unapplied on receipt 9", QUICKBOOKS)
    assert "receipt 9" == document("receipt 9", COMPANY)
    facts = called(a_card(swallowed(open_minor=12_000)), QUICKBOOKS, PEOPLE)
    assert "QuickBooks payment 9 not fully applied" in headline(facts, COMPANY.words)


def test_every_case_has_a_title_that_names_why_and_fits() -> None:
    for _, case in cases():
        diagnosis = rules.diagnose(evidence_of(case))
        why = rules.why(diagnosis, COMPANY.words)
        assert 0 < len(why) <= 90, (case["name"], why)
        assert why[:1] == why[:1].upper()
        assert "failing to sync" not in why
        assert rules.sentence(diagnosis, COMPANY.words).startswith(rules.happened(diagnosis, COMPANY.words))


def test_a_return_and_a_chargeback_are_called_so() -> None:
    said = {case["name"]: rules.why(rules.diagnose(evidence_of(case)), COMPANY.words) for _, case in cases()}
    told = {
        rules.why(rules.diagnose(evidence_of(case)), COMPANY.words) for file, case in cases() if file == Cause.PAYMENT_RETURNED
    }
    assert "ACH return (R01, insufficient funds)" in told
    assert {"Chargeback", "Chargeback (open dispute)"} <= set(said.values())


# --- who may decide -------------------------------------------------------------------------------------------------------


def test_who_may_decide_is_told_from_rights_limits_and_who_made_it() -> None:
    card = a_card(credited())
    assert "Dana Reyes or Lee Chen may decide alone; Sam Okafor needs a second person." == who_may_decide(
        card, Remedy.UNAPPLY_CREDIT_MEMO, COMPANY, PEOPLE
    )
    by_dana = a_card(an_evidence(lines=(a_line(invoice=an_invoice(open_minor=38_000), credits=(a_credit(applied=STAMPED),)),)))
    assert "Lee Chen may decide alone; Dana Reyes and Sam Okafor need a second person." == who_may_decide(
        by_dana, Remedy.UNAPPLY_CREDIT_MEMO, COMPANY, PEOPLE
    )
    assert NOBODY == who_may_decide(card, Remedy.UNAPPLY_CREDIT_MEMO, COMPANY, {"sam": PEOPLE["sam"]})


def test_whoever_asked_is_never_named_as_who_may_approve() -> None:
    asked = a_decision(Remedy.DISMISS, "waiting_approval", by="dana")
    said = who_may_approve(a_card(entered_by_hand(), decision=asked), asked, COMPANY, PEOPLE)
    assert "Dana Reyes" not in said
    assert said.endswith("may approve it.")
