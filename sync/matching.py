"""Matching a payment: a person says which invoice or customer of the books it means.

Leaves: bindings, and spellings to remember. Never: a write to the books; the payment is checked again as any other, and posted
if nothing else is in the way.
"""

from __future__ import annotations

from collections.abc import Sequence

import rules
from receivables.authority import Question, Ruling, may_decide
from receivables.diagnosis import Remedy
from receivables.errors import NotPermitted
from receivables.payment import Bucket, PaymentState
from receivables.words import listed, plain
from storage import aliases, bindings, decisions, payments
from storage.aliases import Alias
from storage.decisions import StoredDecision
from storage.engine import Connection
from storage.work import Work
from sync.cases import Case, Plan
from sync.desk import Desk


def plan(case: Case) -> Plan:
    """What the match binds and remembers. Raises CannotBeDone when it is not clear what is meant."""
    matched = rules.match(case.evidence, case.decision.options)
    invoices = [f"invoice {plain(near.invoice.number) or plain(near.invoice.id)}" for _, near in matched.lines]
    of = f"customer {plain(matched.customer.customer.name)}"
    return Plan(
        PaymentState.RECEIVED,
        Bucket.TO_DO,
        f"matched to {f'{listed(invoices)} of {of}' if invoices else of}; posted if nothing else is in the way",
        bindings=(
            *((line, near.invoice.id, near.customer.id) for line, near in matched.lines),
            *((line, invoice_id, matched.customer.customer.id) for line, invoice_id in matched.merged),
        ),
        spellings=matched.spellings,
        resolution="retried",
    )


def holds(connection: Connection, company: str, number: str) -> bool:
    """Whether a match of this payment binds it now, or says whose it is."""
    bound = bindings.held(connection, company, [number])[number].values()
    stored = payments.find(connection, company, number)
    said = aliases.held(connection, company, {stored.payment.customer}) if stored else ()
    made = {decision.id for decision in decisions.of_payment(connection, company, number) if decision.remedy is Remedy.MATCH}
    return any(line.decision_id in made for line in bound) or any(alias.decision_id in made for alias in said)


def undo(work: Work, number: str, made_so_far: Sequence[StoredDecision]) -> None:
    """Takes back what matches of this payment bound, and the spellings that they made known."""
    for decision in made_so_far:
        if decision.remedy is Remedy.MATCH:
            bindings.unbind(work, number, decision.id)
            aliases.take_back_all(work, decision.id, by=work.actor)


def take_back(desk: Desk, alias: Alias, *, by: str, os_account: str) -> None:
    """A spelling binds no later payment; the same right as matching. Raises NotPermitted."""
    desk.must_be_configured()
    with desk.acknowledge(os_account) as work:
        currency = decisions.get(work.connection, work.company, alias.decision_id).currency
        answer = may_decide(desk.people.get(by), Question(desk.company.id, Remedy.MATCH, 1, currency))
        if answer.ruling is Ruling.REFUSED:
            raise NotPermitted(answer.reason)
        aliases.take_back(work, alias.id, by=by)
