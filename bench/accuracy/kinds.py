"""Which histories are played in which company, and how often."""

from __future__ import annotations

from collections.abc import Callable

from bench.accuracy.gone_back import dispute_lost, dispute_open, dispute_won, failed, returned_and_paid_again
from bench.accuracy.histories import (
    Story,
    credit_explains_a_part,
    credited,
    credited_and_entered,
    credited_before,
    deleted,
    entered_by_hand,
    inactive,
    installment,
    merged,
    not_ready,
    one_receipt_for_several,
    other_currency,
    paid_too_much,
    paid_twice_on_purpose,
    recreated,
    recreated_twice,
    recreated_under_another_number,
    voided,
)
from bench.accuracy.late_invoices import not_plainly_the_late_one
from bench.accuracy.other_hands import (
    bank_feed_twin,
    entered_in_a_form,
    installments,
    monthly,
    second_payment_by_check,
    told_twice,
    twice_by_two_tenders,
)
from bench.accuracy.posted import (
    contradicted,
    deposited,
    of_a_closed_period,
    onto_an_inactive_account,
    receipt_changed,
    receipt_deleted,
    receipt_doubled,
    swallowed,
    unknown,
    went_back,
)
from bench.accuracy.world import World

Kind = Callable[[World, str], Story]
#: Played in one company's books; weights so that each cause has its thousand of fifty thousand.
ORDINARY: dict[Kind, int] = {
    entered_by_hand: 8,
    entered_in_a_form: 8,
    bank_feed_twin: 2,
    second_payment_by_check: 2,
    told_twice: 1,
    paid_twice_on_purpose: 2,
    one_receipt_for_several: 2,
    installment: 2,
    credited: 8,
    credited_before: 2,
    credited_and_entered: 2,
    credit_explains_a_part: 2,
    recreated: 6,
    recreated_under_another_number: 2,
    recreated_twice: 2,
    deleted: 2,
    voided: 3,
    not_ready: 3,
    not_plainly_the_late_one: 2,
    merged: 5,
    inactive: 3,
    other_currency: 3,
    paid_too_much: 3,
    receipt_deleted: 3,
    receipt_changed: 3,
    receipt_doubled: 3,
    went_back: 6,
    dispute_open: 2,
    dispute_lost: 3,
    dispute_won: 1,
    failed: 3,
    returned_and_paid_again: 3,
    contradicted: 3,
}
HEALTHY: dict[Kind, int] = {monthly: 12, installments: 2, twice_by_two_tenders: 1}
SWALLOWING: dict[Kind, int] = {swallowed: 1, deposited: 1}
CLOSED: dict[Kind, int] = {of_a_closed_period: 1}
ACCOUNT: dict[Kind, int] = {onto_an_inactive_account: 1}
BROKEN: dict[Kind, int] = {unknown: 1}
