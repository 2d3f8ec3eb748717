"""What a remedy would change, to the cent: computed by hand, and on the button."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from card_states import (
    WORDS,
    a_card,
    credited,
    credited_twice_paid_twice,
    entered_by_hand,
    half_voided,
    recreated,
    short,
    swallowed,
)
from evidence_makers import a_line, an_evidence, an_invoice

from bot.figures import figures, headline_minor
from receivables.diagnosis import Remedy
from receivables.evidence import Evidence


def moved() -> Evidence:
    """Our receipt, all of it on an invoice that the customer did not name."""
    return swallowed(open_minor=50_000, applied_minor=0, elsewhere=(("i-7", 50_000),))


def moved_in_part() -> Evidence:
    return swallowed(open_minor=50_000, applied_minor=0, elsewhere=(("i-7", 20_000), ("i-8", 10_000)))


def moved_beyond_the_rest() -> Evidence:
    """50.00 of it was meant to stay on account; 150.00 is on another invoice."""
    return swallowed(open_minor=10_000, applied_minor=35_000, on_account_minor=5_000, elsewhere=(("i-7", 15_000),))


RECORDED = ("Our receipt", 0, 50_000)
RECORDED_400 = ("Our receipt", 0, 40_000)
OWES_LESS = ("Customer's balance", None, -50_000)  # nobody read the balance: only the change is known


def credit_left(amount_minor: int) -> tuple[str, int, int]:
    return "Unapplied on our receipt", 0, amount_minor


FIGURES: list[tuple[str, Evidence, Remedy, list[tuple[str, int | None, int]]]] = [
    ("unapply", credited(), Remedy.UNAPPLY_CREDIT_MEMO,
     [("Credit memo CM-77 on invoice 1042", 12_000, 0), ("Open on invoice 1042", 38_000, 0),
      RECORDED, ("Unapplied on credit memo CM-77", None, 12_000), OWES_LESS]),
    # 200.00 open + 150.00 + 100.00 freed - 300.00 - 100.00 paid = 50.00, which the first memo takes again; 200.00 is left
    ("unapply two memos for two allocations", credited_twice_paid_twice(), Remedy.UNAPPLY_CREDIT_MEMO,
     [("Credit memo CM-77 on invoice 1042", 15_000, 5_000), ("Credit memo CM-78 on invoice 1042", 10_000, 0),
      ("Open on invoice 1042", 20_000, 0), RECORDED_400, ("Unapplied on credit memo CM-77", None, 10_000),
      ("Unapplied on credit memo CM-78", None, 10_000), ("Customer's balance", None, -40_000)]),
    ("recreate on the successor", recreated(), Remedy.RECREATE_RECEIPT,
     [("Open on the new invoice 1042", 62_000, 12_000), RECORDED, OWES_LESS]),
    ("recreate, to be chosen", recreated(made_again=3), Remedy.RECREATE_RECEIPT, []),
    ("recreate what fits", short(), Remedy.RECREATE_RECEIPT,
     [("Open on invoice 1042", 40_000, 0), RECORDED, credit_left(10_000), OWES_LESS]),
    ("keep on account", half_voided(), Remedy.KEEP_ON_ACCOUNT,
     [("Open on invoice 1043", 25_000, 5_000), RECORDED, credit_left(30_000), OWES_LESS]),
    ("keep what was swallowed", swallowed(open_minor=0), Remedy.KEEP_ON_ACCOUNT, [("Accepted as unapplied credit", 0, 12_000)]),
    ("apply", swallowed(open_minor=12_000), Remedy.APPLY_RECEIPT,
     [("Unapplied on receipt 9", 12_000, 0), ("Open on invoice 1042", 12_000, 0)]),
    # 50.00 of 500.00 is meant to stay; 350.00 stands on the invoice, so 100.00 is missing there
    ("apply all but a rest", swallowed(open_minor=10_000, applied_minor=35_000, on_account_minor=5_000), Remedy.APPLY_RECEIPT,
     [("Unapplied on receipt 9", 15_000, 5_000), ("Open on invoice 1042", 10_000, 0)]),
    ("apply what is on another invoice", moved(), Remedy.APPLY_RECEIPT,
     [("Applied to other invoices", 50_000, 0), ("Open on other invoices", None, 50_000), ("Open on invoice 1042", 50_000, 0)]),
    ("apply what is partly on others", moved_in_part(), Remedy.APPLY_RECEIPT,
     [("Unapplied on receipt 9", 20_000, 0), ("Applied to other invoices", 30_000, 0),
      ("Open on other invoices", None, 30_000), ("Open on invoice 1042", 50_000, 0)]),
    # 50.00 was meant to stay on account and may stay where a person applied it; the rest comes back
    ("apply all but the rest that is on another", moved_beyond_the_rest(), Remedy.APPLY_RECEIPT,
     [("Applied to other invoices", 15_000, 5_000), ("Open on other invoices", None, 10_000),
      ("Open on invoice 1042", 10_000, 0)]),
    ("dismiss", entered_by_hand(), Remedy.DISMISS, [("Receipt 1 ($500.00) counted for payments", 0, 50_000)]),
    ("try again", short(), Remedy.RETRY, []),
]  # fmt: skip


@pytest.mark.parametrize(("evidence", "remedy", "expected"), [case[1:] for case in FIGURES], ids=[case[0] for case in FIGURES])
def test_the_figures_are_right_to_the_cent(
    evidence: Evidence, remedy: Remedy, expected: Sequence[tuple[str, int | None, int]]
) -> None:
    shown = figures(a_card(evidence), remedy, WORDS)
    assert list(expected) == [(figure.label, figure.before_minor, figure.after_minor) for figure in shown]


@pytest.mark.parametrize(
    ("evidence", "expected"), [(moved(), 50_000), (moved_in_part(), 50_000), (moved_beyond_the_rest(), 10_000)]
)
def test_the_button_names_what_comes_onto_the_invoices_wherever_it_is(evidence: Evidence, expected: int) -> None:
    assert expected == headline_minor(a_card(evidence), Remedy.APPLY_RECEIPT)


def test_two_allocations_to_one_invoice_share_what_is_open() -> None:
    invoice = an_invoice(open_minor=35_000)
    lines = tuple(a_line(line=place, amount_minor=25_000, invoice=invoice) for place in range(2))
    shown = figures(a_card(an_evidence(lines=lines)), Remedy.RECREATE_RECEIPT, WORDS)
    assert [("Open on invoice 1042", 35_000, 0), RECORDED, credit_left(15_000), OWES_LESS] == [
        dataclasses.astuple(figure) for figure in shown
    ]


HEADLINES = [
    (half_voided(), Remedy.KEEP_ON_ACCOUNT, 30_000),
    (swallowed(open_minor=0), Remedy.KEEP_ON_ACCOUNT, 12_000),
    (swallowed(open_minor=10_000, applied_minor=35_000, on_account_minor=5_000), Remedy.APPLY_RECEIPT, 10_000),
]


@pytest.mark.parametrize(("evidence", "remedy", "amount_minor"), HEADLINES)
def test_the_amount_of_a_remedy_is_what_it_moves(evidence: Evidence, remedy: Remedy, amount_minor: int) -> None:
    assert amount_minor == headline_minor(a_card(evidence), remedy)
