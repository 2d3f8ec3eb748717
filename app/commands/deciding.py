"""Commands with which a person decides: decide, and reopen what was dismissed or called other money.

A person is shown the sentence and the figures and asked, as on a card; where nobody can be asked, `--seen` names the facts
that were seen. The record names the operating system's account beside the person.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.payments import AsJson, CompanyId, Transaction, working
from app.output import print_beside, print_error, print_json, print_line
from receivables.authority import Answer, Ruling
from receivables.diagnosis import Remedy
from receivables.payment import Bucket, PaymentState

if TYPE_CHECKING:
    from storage import decisions
    from storage.cards import CardFacts
    from sync.desk import Desk

AsPerson = Annotated[str, typer.Option("--as", help="The configured person who decides.")]
Successor = Annotated[str, typer.Option(help="The invoice (number, or #id) that replaced the one that is gone.")]
ProofReceipts = Annotated[
    list[str] | None,
    typer.Option("--proof", help="For a dismissal: a receipt (number, or #id) that records the payment; once for each."),
]
ApplyProof = Annotated[
    bool, typer.Option(help="With a dismissal, apply what is unapplied of the proof to the payment's invoices.")
]
OtherReceipt = Annotated[
    str,
    typer.Option(help="For not_duplicate or void_receipt: which receipt (number, or #id), if there are several."),
]
CashReference = Annotated[
    str, typer.Option(help="For not_duplicate: which money that receipt is, such as the number of its check.")
]
ToInvoice = Annotated[
    list[str] | None,
    typer.Option(
        "--to-invoice",
        help="For match: the invoice (number, or #id) that is meant. For keep_on_account: another open invoice of the customer "
        "to apply the rest to. Once for each.",
    ),
]
ToCustomer = Annotated[str, typer.Option(help="For match: the customer (name, or #id) that is meant.")]
Entry = Annotated[
    str,
    typer.Option(help="For record_return, where we cannot make the entry in these books: its number there."),
]
Seen = Annotated[str, typer.Option(help="The facts you saw (`evidence` in failures --json and show --json); asks nothing.")]
NO_SLACK = (
    "This company has no Slack channel yet, so nobody can: connect it (docs/slack.md), or take this back with "
    "`resolve-now reopen {number}`."
)
LOOKS, LOOK_AGAIN_SECONDS = 20, 0.5  # ten seconds, as long as a person waits at a terminal


def decide(
    context: typer.Context,
    transaction: Transaction,
    remedy: Annotated[Remedy, typer.Argument(help="What to do about the failure.")],
    person: AsPerson,
    reason: Annotated[str, typer.Option(help="Why, in your own words; kept on record.")] = "",
    successor: Successor = "",
    proof: ProofReceipts = None,
    apply_proof: ApplyProof = False,
    receipt: OtherReceipt = "",
    cash_reference: CashReference = "",
    to_invoice: ToInvoice = None,
    to_customer: ToCustomer = "",
    entry: Entry = "",
    reapply: Annotated[bool, typer.Option(help="After unapplying a credit memo, reapply what still fits.")] = True,
    seen: Seen = "",
    company: CompanyId = None,
    as_json: AsJson = False,
) -> None:
    """Decide what happens to a failed payment, and carry it out now. Shows what would change, and asks first."""
    from app.wiring import open_house, os_account
    from sync import requests

    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    told: dict[str, object] = {
        "successor": successor,
        "proof": proof,
        "apply_proof": apply_proof,
        "no_reapply": not reapply,
        "receipt": receipt,
        "cash_reference": cash_reference,
        "to_invoice": to_invoice,
        "to_customer": to_customer,
        "entry": entry,
    }
    remedy, options = _meant(desk, transaction, remedy, {name: value for name, value in told.items() if value})
    made = requests.request(
        desk,
        transaction,
        remedy,
        by=person,
        channel="cli",
        reason=reason,
        options=options,
        os_account=os_account(),
        evidence_id=seen or _asked(desk, transaction, remedy, person, options),
    )
    with working(f"carrying out {remedy}"):
        made, state = _carried_out(desk, made.id, transaction)
    if as_json:
        said = {name: getattr(made, name) for name in ("remedy", "state", "outcome")}
        print_json({"decision": made.id, "transaction": transaction, **said, "payment": state})
    else:
        print_line(_outcome(desk, made, state, slack=house.settings.company(desk.company.id).slack is not None))
    if made.state not in ("done", "waiting_approval"):
        sys.exit(1)


def _meant(desk: Desk, number: str, remedy: Remedy, options: dict[str, object]) -> tuple[Remedy, dict[str, object]]:
    """`recreate_receipt --successor X` means `match --to-invoice X` where several invoices share the number that was paid."""
    from storage import failures

    if remedy is not Remedy.RECREATE_RECEIPT or "successor" not in options:
        return remedy, options
    with desk.db.read() as connection:
        found = failures.open_of(connection, desk.company.id, number)
    if found is None or remedy in found.offered or Remedy.MATCH not in found.offered:
        return remedy, options
    return Remedy.MATCH, {name: value for name, value in options.items() if name != "successor"} | {
        "to_invoice": [options["successor"]]
    }


def _asked(desk: Desk, number: str, remedy: Remedy, person: str, options: dict[str, object]) -> str | None:
    """Shows the facts and asks; returns which facts were shown. Ends the command where the person says no, or cannot be asked.

    None where the person may not decide at all: the request says so, and puts it on record.
    """
    from app.wiring import os_account
    from storage import cards
    from sync import requests
    from sync.named_invoice import with_named

    shown = requests.shown(desk, number, remedy, by=person, options=options)
    if shown.answer.ruling is Ruling.REFUSED:
        return None
    with desk.acknowledge(os_account()) as work:
        facts = cards.facts(work, shown.found.id, (), options=options)
    if facts.evidence is not None:
        facts = replace(facts, evidence=with_named(desk, facts.evidence, options))
    for line in _what_it_means(desk, facts, remedy, options, shown.answer):
        print_beside(line)
    if not sys.stdin.isatty():
        print_error(
            f"Nothing was decided: no terminal to ask on. If these are the facts you saw, add: --seen {facts.failure.shown}"
        )
        sys.exit(2)
    if not typer.confirm("Carry out?", err=True):
        print_beside("Nothing was decided.")
        sys.exit(1)
    return facts.failure.shown


def _what_it_means(desk: Desk, facts: CardFacts, remedy: Remedy, options: dict[str, object], answer: Answer) -> list[str]:
    """The failure in a sentence, what the remedy does, each amount before and after, and who must agree."""
    import rules
    from bot import labels
    from bot.called import called
    from bot.figures import before_after, figures, follows

    facts = called(facts, desk.company, desk.people)
    words, currency = desk.company.words, facts.payment.payment.currency
    lines = (
        [rules.sentence(facts.failure.diagnosis, words, unread_since=facts.failure.unread_since)]
        if facts.failure.diagnosis
        else []
    )
    about = facts.failure.about
    lines.append(f"{labels.named(remedy, about, facts.failure.diagnosis)}: {labels.explained(remedy, about)}")
    lines += [f"  {of.label}: {before_after(of, currency, words)}" for of in figures(facts, remedy, words, options)]
    return [*lines, *follows(facts, remedy, words, options), *([answer.reason] if answer.reason else [])]


def _carried_out(desk: Desk, decision_id: str, number: str) -> tuple[decisions.StoredDecision, str]:
    """Carries the decision out, and returns it with the payment's state afterwards.

    Waits a moment where another process is faster; not where only the books can tell the outcome. What only makes the payment
    ready to be posted is followed by a sync.
    """
    from storage import decisions, payments
    from sync import journey

    for _ in range(LOOKS):
        counts = journey.finish_once(desk)
        with desk.db.read() as connection:
            made = decisions.get(connection, desk.company.id, decision_id)
            stored = payments.by_numbers(connection, desk.company.id, {number})[number]
        under_way = made.is_being_carried_out or stored.bucket is Bucket.IN_FLIGHT
        if not under_way or counts.problem or stored.bucket is Bucket.UNKNOWN:
            break
        time.sleep(LOOK_AGAIN_SECONDS)
    if made.state == "done" and stored.state == PaymentState.RECEIVED:
        journey.run(desk)
        with desk.db.read() as connection:
            stored = payments.by_numbers(connection, desk.company.id, {number})[number]
    return made, stored.state


def _outcome(desk: Desk, made: decisions.StoredDecision, state: str, *, slack: bool) -> str:
    match made.state:
        case "done" if made.remedy is Remedy.DISMISS and state != PaymentState.DISMISSED:
            return f"Done: {made.outcome}, and payment {made.transaction_number} is {state}."
        case "done" if state == PaymentState.EXCLUDED:
            return f"Done: {made.remedy.label}, for payment {made.transaction_number}, which is closed."
        case "done" if state == PaymentState.RECEIVED:
            return f"Done: {made.remedy.label}, for payment {made.transaction_number}. The next sync posts it if it fits."
        case "done":
            return f"Done: {made.remedy.label}, for payment {made.transaction_number}, which is now {state}."
        case "waiting_approval":
            where = "" if slack else f" {NO_SLACK.format(number=made.transaction_number)}"
            return f"Recorded. A second person must approve it in Slack. {made.outcome}{where}"
        case "stale":
            return f"Not carried out: {made.outcome}. Look at `resolve-now show {made.transaction_number}` and decide again."
        case "accepted":
            return "Recorded. The books cannot be reached right now; it is carried out when they answer."
        case "carrying_out" if not desk.writes:
            return f"Recorded: {made.outcome}. It waits, because writes are off."
        case "carrying_out":
            return f"In progress: {made.outcome}. `resolve-now show {made.transaction_number}` shows the outcome."
        case "failed" if state == PaymentState.DISMISSED:
            return f"Payment {made.transaction_number} is dismissed, but {made.outcome}. Apply it in the books."
        case _:
            return f"Not done ({made.state}): {made.outcome}"


def reopen(
    context: typer.Context, transaction: Transaction, person: AsPerson, company: CompanyId = None, as_json: AsJson = False
) -> None:
    """Undo a dismissal, a decision that waits for a second person, or match and not_duplicate before the payment is posted.

    Nothing is posted: choose a remedy afterward.
    """
    from app.wiring import open_house, os_account
    from sync import journey, requests

    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    requests.reopen(desk, transaction, by=person, os_account=os_account())
    journey.diagnose_now(desk)
    if as_json:
        print_json({"transaction": transaction, "reopened": True})
    else:
        print_line(f"Payment {transaction} is open again; `resolve-now show {transaction}` shows what can be done.")
