"""What takes two people whatever the amount: each row of the table, what comes near to it, and the page that prints it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from evidence_makers import LATER, PAID_AT, Short, evidence_of

import rules
from receivables.company import Company
from receivables.corrections import Correction
from receivables.diagnosis import Remedy
from receivables.makers import makers_of
from receivables.two_people import TwoPeople, always

ACME = Company("acme", "Acme", ZoneInfo("UTC"), date(2026, 1, 1), small_credits={"USD": 5_000})
PAGE = Path(__file__).parent.parent / "docs" / "remedies.md"

OPEN = "lines: [{invoice: 1042, amount: 500}]"
POSTED = "posted: [{amount: 500, lines: {1042: 500}, receipt: {dated: 2026-03-03, lines: {1042: 500}}}]"
PAID = "lines: [{invoice: 1042, amount: 500, open: 0, is: paid}]"
CHECK = "receipts: [{id: 70, amount: 500, reference: check 8841, entered: 2026-03-04, lines: {1042: 500}}]"
NEAR = "lines: [{invoice: 1042, amount: 500, is: unbound, problem: no_such_invoice, near: [{number: '001042', open: 500, %s}]}]"
CREDIT = "lines: [{invoice: 1042, amount: 500, open: 380, credits: [{memo: CM-1, amount: 120, reason: %s}]}]"
MERGED = (
    "merges_untold: true, customer: {active: false}, lines: [{invoice: 1042, amount: 500, open: 0, is: paid, customer: c-big}], "
    "posted: [{amount: 500, verified: true, customer: c-hooli, lines: {1042: 500}, "
    "receipt: {customer: c-big, lines: {1042: 500}}}]"
)
TWIN = "twins: [{number: '0042', alike: number}]"

#: Evidence in its short form, a remedy, what the person names, and the row of the table; None where one person is enough.
DECISIONS: list[tuple[str, Remedy, dict[str, object], TwoPeople | None]] = [
    (f"{{{OPEN}}}", Remedy.VOID_RECEIPT, {}, TwoPeople.VOID),
    (f"{{{OPEN}, day_closed: true, closed_through: 2026-03-31}}", Remedy.POST_ON_OPEN_DAY, {}, TwoPeople.OTHER_DAY),
    (f"{{{OPEN}}}", Remedy.DISMISS, {}, TwoPeople.NO_PROOF),
    (f"{{{PAID}, {POSTED}}}", Remedy.DISMISS, {}, TwoPeople.NO_PROOF),  # another deposit account, say: the change is right
    (f"{{{PAID}, {CHECK}}}", Remedy.DISMISS, {"proof": ["r-70"]}, None),
    (f"{{{OPEN}, receipts: [{{id: 70, amount: 485}}]}}", Remedy.DISMISS, {"proof": ["r-70"]}, TwoPeople.SHORT_PROOF),
    (f"{{{OPEN}, {TWIN}}}", Remedy.DISMISS, {"proof": ["0042"]}, None),
    (f"{{{MERGED}}}", Remedy.DISMISS, {}, TwoPeople.MERGED_PROOF),
    (f"{{{PAID}, {CHECK}}}", Remedy.NOT_DUPLICATE, {}, TwoPeople.OTHER_MONEY),
    (f"{{{OPEN}, {TWIN}}}", Remedy.NOT_DUPLICATE, {}, TwoPeople.OTHER_PAYMENT),
    (f"{{{NEAR % 'name: Hooli, kin: same'}}}", Remedy.MATCH, {}, None),
    (f"{{{NEAR % 'name: Hooli West, kin: family, customer: c-west'}}}", Remedy.MATCH, {}, TwoPeople.OTHER_CUSTOMER),
    (f"{{{NEAR % 'name: Initech, kin: other, customer: c-initech'}}}", Remedy.MATCH, {}, TwoPeople.OTHER_CUSTOMER),
    (f"{{{CREDIT % 'genuine'}}}", Remedy.UNAPPLY_CREDIT_MEMO, {}, None),
    (f"{{{CREDIT % 'rebill'}}}", Remedy.UNAPPLY_CREDIT_MEMO, {}, TwoPeople.NO_GENUINE_CREDIT),
    (f"{{{PAID}, status: returned}}", Remedy.KEEP_ON_ACCOUNT, {}, None),
    (
        f"{{{PAID}, {POSTED}, status: returned, went_back: 2026-03-10}}",
        Remedy.RECORD_RETURN,
        {"entry": "J-1"},
        TwoPeople.UNREAD_ENTRY,
    ),
    (f"{{{PAID}, {POSTED}, status: returned, went_back: 2026-03-10, able: true}}", Remedy.RECORD_RETURN, {}, None),
    (
        f"{{{PAID}, {POSTED}, status: returned, went_back: 2026-03-10, able: true, closed_through: 2026-03-31}}",
        Remedy.RECORD_RETURN,
        {},
        TwoPeople.LATE_RETURN,
    ),
    (
        f"{{{PAID}, {POSTED}, status: refunded, went_back: 2026-03-10, able: true}}",
        Remedy.RECORD_RETURN,
        {},
        TwoPeople.REFUND_REOPENS,
    ),
    (f"{{{OPEN}}}", Remedy.RETRY, {}, None),
]


def case(text: str) -> Short:
    return yaml.safe_load(text)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("text", "remedy", "named", "row"), DECISIONS)
def test_each_row_of_the_table_by_evidence(text: str, remedy: Remedy, named: dict[str, object], row: TwoPeople | None) -> None:
    evidence = evidence_of(case(text))
    found = rules.two_people(remedy, rules.diagnose(evidence), evidence, named, ACME, LATER)
    assert row is found
    assert row is None or row.remedy is remedy


@pytest.mark.parametrize(
    ("invoice", "days", "row"), [(500, 29, None), (500, 31, TwoPeople.OLD_CREDIT), (50, 31, None), (51, 31, TwoPeople.OLD_CREDIT)]
)
def test_old_money_above_what_one_person_may_leave(invoice: int, days: int, row: TwoPeople | None) -> None:
    evidence = evidence_of(case(f"{{lines: [{{invoice: 1042, amount: {invoice}, open: 0, is: voided}}], amount: {invoice}}}"))
    at = PAID_AT + timedelta(days=days)
    assert row is rules.two_people(Remedy.KEEP_ON_ACCOUNT, rules.diagnose(evidence), evidence, {}, ACME, at)


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"amount_minor": 60_000}, TwoPeople.CORRECTION),
        ({"currency": "EUR"}, TwoPeople.CORRECTION),
        ({"customer": "Initech"}, TwoPeople.CORRECTION),
        ({"paid_at": PAID_AT + timedelta(days=60)}, TwoPeople.CORRECTION),
        ({"paid_at": PAID_AT + timedelta(days=1)}, None),
        ({"method": "ach"}, None),
    ],
)
def test_a_correction_of_substance(change: dict[str, object], row: TwoPeople | None) -> None:
    held = replace(evidence_of(case(f"{{{OPEN}}}")).payment, allocations=())
    newer = replace(held, **change)  # type: ignore[arg-type]
    evidence = replace(evidence_of(case(f"{{{OPEN}}}")), payment=held, correction=Correction(newer, "march.csv"))
    assert row is rules.two_people(Remedy.ACCEPT_CORRECTION, rules.diagnose(evidence), evidence, {}, ACME, LATER)
    assert rules.two_people(Remedy.DISMISS, rules.diagnose(evidence), evidence, {}, ACME, LATER) is None  # ours is kept


def test_what_always_takes_two_is_never_decided_in_bulk() -> None:
    assert {Remedy.VOID_RECEIPT, Remedy.POST_ON_OPEN_DAY, Remedy.REVERSE_WRITE_OFF} == {
        remedy for remedy in Remedy if always(remedy)
    }


def test_the_page_of_remedies_prints_each_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [] == [row for row in TwoPeople if f"| `{row.remedy}` | {row.when} |" not in page]


REBILLED = """
lines: [{invoice: 1042, amount: 500, open: 0, is: paid, total: 500,
  credits: [{memo: CM-1, amount: 500, reason: rebill, by: dana, day: 2026-03-04}],
  successors: [{number: 1057, id: i-new, open: 500, by: %s, made: 2026-03-04}]}]
"""


@pytest.mark.parametrize("remedy", [Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS])
def test_whoever_made_the_credit_memo_or_the_rebill_is_a_maker(remedy: Remedy) -> None:
    evidence = evidence_of(case(REBILLED % "erin"))
    diagnosis = rules.diagnose(evidence)
    in_place = rules.in_place_of(diagnosis, evidence, {}) if remedy is Remedy.RECREATE_RECEIPT else []
    made = makers_of(remedy, diagnosis, evidence, None, in_place)
    assert ({"dana", "erin"} if in_place else {"dana"}) == set(made.people)


def test_checking_again_is_kept_from_nobody() -> None:
    evidence = evidence_of(case(REBILLED % "erin"))
    assert frozenset() == makers_of(Remedy.RETRY, rules.diagnose(evidence), evidence).people
