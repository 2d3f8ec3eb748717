"""Commands about payments: take them in, sync, see what failed, tell a story, decide, search, hide."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import rules
from app import failure_view, story_view
from app.output import money, print_json, print_line, print_table
from app.wiring import open_house
from feeds.csv_file import CsvFile
from receivables.diagnosis import Remedy
from receivables.errors import FeedError, NotFound, StaleDecision
from receivables.payment import Bucket
from storage import attempts, decisions, failures, feeds, payments, search
from storage.payments import StoredPayment
from sync import intake, journey, requests
from sync.desk import Desk
from sync.journey import JourneyCounts

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
CompanyId = Annotated[str | None, typer.Option("--company", help="Which company; needed only where several are configured.")]
Transaction = Annotated[str, typer.Argument(help="The payment's transaction number.")]
AsPerson = Annotated[str, typer.Option("--as", help="The configured person who decides.")]
KINDS = ("payment", "invoice", "customer", "credit-memo", "receipt")
REFUSED_SHOWN = 20
LOOKS, LOOK_AGAIN_SECONDS = 20, 0.5  # ten seconds, as long as a person waits at a terminal


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command("import")(import_file)
    app.command()(sync)
    app.command("failures")(list_failures)
    app.command()(show)
    app.command()(decide)
    app.command("search")(find)
    app.command()(hide)
    app.command()(unhide)
    app.command()(reopen)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Shows on a terminal that work goes on; standard output stays clean for the answer."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(text) as status:
        yield status.update


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file of payments.")],
    company: CompanyId = None,
    partial: Annotated[
        bool, typer.Option(help="Take the good lines of a file that has bad ones, and say which were left out.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in payments from a CSV file: the whole file, or nothing of it."""
    desk = open_house(context.obj).desk(company)
    feed = CsvFile(file, desk.company, partial=partial)
    try:
        with working(f"reading {file.name}") as update:
            counts = intake.run_once(desk, feed, lambda done: update(f"{done} of {feed.count} payments"))
    except FeedError as error:
        if as_json:
            print_json({"error": error.message, "problems": error.problems})
            sys.exit(2)
        raise
    left_out = feed.problems if partial else ()
    if as_json:
        print_json(asdict(counts) | {"left_out": left_out})
        return
    print_line(
        f"{file.name}: {counts.new} new payments, {counts.same} already known, {counts.excluded} excluded by a rule, "
        f"{counts.conflicts} contradicting what we hold."
    )
    for problem in left_out:
        print_line(f"left out: {problem}")


def sync(
    context: typer.Context,
    company: CompanyId = None,
    dry_run: Annotated[bool, typer.Option(help="Only read and say what would be posted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go through the whole journey once, now: read the books, post what fits, diagnose the rest."""
    house = open_house(context.obj)
    desks = house.desks(company)
    if dry_run:
        _preview(desks, as_json)
        return
    done = []
    for desk in desks:
        with working(f"{desk.company.name}: starting") as update:
            done.append(journey.run(desk, update))
    if as_json:
        print_json(done)
    else:
        for desk, counts in zip(desks, done, strict=True):
            _say(desk, counts)
    if any(counts.problem for counts in done):
        sys.exit(1)


def _say(desk: Desk, counts: JourneyCounts) -> None:
    if counts.feed_problem:
        print_line(f"{desk.company.name}: the feed could not be asked ({counts.feed_problem}). Nothing was lost.")
    if counts.refused_records:
        print_line(f"{desk.company.name}: {counts.refused_records} records of the feed cannot become payments as they are:")
        with desk.db.read() as connection:
            kept = feeds.refused(connection, desk.company.id, limit=REFUSED_SHOWN)
        for one in kept:
            print_line(f"  {one.record_id}: {one.problem}")
    if counts.problem:
        print_line(
            f"{desk.company.name}: the books could not be reached ({counts.problem}). Nothing was lost; the next sync goes on."
        )
        return
    if not desk.company.writes:
        print_line(
            f'{desk.company.name}: writes are off; `resolve-now sync --dry-run` shows what would be posted, writes = "on" begins.'
        )
    print_line(
        f"{desk.company.name}: {counts.verified} payments posted and read back, {counts.failed} failed, "
        f"{counts.put_right} put right in the books, {counts.diagnosed} diagnosed."
    )


def _preview(desks: list[Desk], as_json: bool) -> None:
    shown = {desk.company.id: journey.preview(desk) for desk in desks}
    house_words = {desk.company.id: desk.company.words for desk in desks}
    if as_json:
        print_json(
            {
                company: [
                    {
                        "transaction": one.stored.number,
                        "amount_minor": one.stored.payment.amount_minor,
                        "currency": one.stored.payment.currency,
                        "would": "fail" if one.obstacles else "post",
                        "obstacles": [obstacle.text for obstacle in one.obstacles],
                        "cause": one.diagnosis.primary.cause if one.diagnosis else None,
                        "sentence": rules.sentence(one.diagnosis, house_words[company]) if one.diagnosis else "",
                    }
                    for one in previews
                ]
                for company, previews in shown.items()
            }
        )
        return
    for company, previews in shown.items():
        print_table(
            f"{company}: what a sync would do (nothing was written)",
            ("Payment", "Client", "Amount", "Would", "Why"),
            [
                (
                    one.stored.number,
                    one.stored.payment.customer,
                    money(one.stored.payment.amount_minor, one.stored.payment.currency),
                    "fail" if one.obstacles else "post",
                    rules.sentence(one.diagnosis, house_words[company]) if one.diagnosis else "",
                )
                for one in previews
            ],
            right=("Amount",),
        )


def list_failures(
    context: typer.Context,
    company: CompanyId = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are resolved.")] = False,
    as_json: AsJson = False,
) -> None:
    """The payments that failed, why, and what may be done."""
    house = open_house(context.obj)
    shown: list[failure_view.FailureView] = []
    for desk in house.desks(company):
        with house.db.read() as connection:
            load = failures.of_company if everything else failures.open_ones
            found = list(load(connection, desk.company.id))
            stored = payments.by_numbers(connection, desk.company.id, {one.transaction_number for one in found})
            tried = attempts.counts(connection, desk.company.id, {one.transaction_number for one in found})
        shown += [
            failure_view.view(one, stored[one.transaction_number], tried.get(one.transaction_number, 0), desk.company.words)
            for one in found
        ]
    shown.sort(key=lambda one: (one.company, one.failed_at, one.transaction))
    if as_json:
        print_json([failure_view.as_json(one) for one in shown])
        return
    if not shown:
        print_line("No payment is failing.")
        return
    failure_view.print_failures(shown)


def show(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """One payment's whole story."""
    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    told = story_view.gather(desk, transaction)
    if as_json:
        print_json(story_view.as_json(told))
    else:
        story_view.print_story(desk, told)


def decide(
    context: typer.Context,
    transaction: Transaction,
    remedy: Annotated[Remedy, typer.Argument(help="What to do about it.")],
    person: AsPerson,
    reason: Annotated[str, typer.Option(help="Why, in your own words; kept in the record.")] = "",
    successor: Annotated[
        str, typer.Option(help="The invoice (number, or #id) that took the place of the one that is gone.")
    ] = "",
    proof: Annotated[str, typer.Option(help="For a dismissal: the receipt (number, or #id) that has the money.")] = "",
    reapply: Annotated[bool, typer.Option(help="After un-applying a credit memo, put back what still fits.")] = False,
    company: CompanyId = None,
    as_json: AsJson = False,
) -> None:
    """Decide what happens to a failed payment, and have it carried out now."""
    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    options = {name: value for name, value in {"successor": successor, "proof": proof, "reapply": reapply}.items() if value}
    made = requests.request(
        desk, transaction, remedy, by=person, channel="cli", reason=reason, options=options, os_account=getpass.getuser()
    )
    with working(f"carrying out {remedy}"):
        made, state = _carried_out(desk, made.id, transaction)
    if as_json:
        print_json(
            {
                "decision": made.id,
                "transaction": transaction,
                "remedy": made.remedy,
                "state": made.state,
                "outcome": made.outcome,
                "payment": state,
            }
        )
    else:
        print_line(_outcome(made, state))
    if made.state not in ("done", "waiting_approval"):
        sys.exit(1)


def _carried_out(desk: Desk, decision_id: str, number: str) -> tuple[decisions.StoredDecision, str]:
    """Has the decision carried out, and returns how it and the payment then stand.

    Where another process is quicker, it is waited for a moment; not where only the books can say how it ended.
    """
    for _ in range(LOOKS):
        counts = journey.finish_once(desk)
        with desk.db.read() as connection:
            made = decisions.get(connection, desk.company.id, decision_id)
            stored = _known(payments.find(connection, desk.company.id, number), number)
        under_way = made.state in ("accepted", "carrying_out") or stored.bucket is Bucket.IN_FLIGHT
        if not under_way or counts.problem or stored.bucket is Bucket.UNKNOWN:
            break
        time.sleep(LOOK_AGAIN_SECONDS)
    return made, stored.state


def _known(stored: StoredPayment | None, number: str) -> StoredPayment:
    if stored is None:
        raise NotFound(f"there is no payment {number}; `resolve-now search TEXT` looks for parts of numbers and names")
    return stored


def _outcome(made: decisions.StoredDecision, state: str) -> str:
    match made.state:
        case "done":
            return f"Done: {made.remedy} for payment {made.transaction_number}, which is now {state}."
        case "waiting_approval":
            return f"Written down, and waiting for a second person, who must approve it in Slack. {made.outcome}"
        case "stale":
            return f"Nothing was written: {made.outcome}. Look at `resolve-now show {made.transaction_number}` and decide again."
        case "accepted":
            return "Written down. The books cannot be reached just now; it is carried out when they answer."
        case "carrying_out":
            return f"Under way: {made.outcome}. `resolve-now show {made.transaction_number}` tells how it ends."
        case _:
            return f"Not done ({made.state}): {made.outcome}"


def find(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Part of a number or a name, or an amount.")],
    company: CompanyId = None,
    kind: Annotated[str | None, typer.Option(help=f"Only one kind: {', '.join(KINDS)}.")] = None,
    include_hidden: Annotated[bool, typer.Option(help="Also payments that were hidden.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find payments, invoices, customers, credit memos and receipts."""
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is not one of {', '.join(KINDS)}", param_hint="--kind")
    house = open_house(context.obj)
    companies = [desk.company.id for desk in house.desks(company)]
    found: list[search.Found] = []
    with house.db.read() as connection:
        if kind in (None, "payment"):
            found += search.payments(connection, companies, text, include_hidden=include_hidden)
        if kind != "payment":
            found += search.documents(connection, companies, text, kind=kind.replace("-", "_") if kind else None)
    if as_json:
        print_json(found)
        return
    if not found:
        print_line(f"Nothing here contains {text!r}.")
        return
    print_table(
        f"Found for {text!r}",
        ("Company", "Kind", "Number", "Name", "Amount", "State"),
        [
            (
                one.company,
                one.kind,
                one.number or f"#{one.id}",
                one.name,
                "" if one.amount_minor is None or not one.currency else money(one.amount_minor, one.currency),
                one.state + (" (hidden)" if one.hidden else ""),
            )
            for one in found
        ],
        right=("Amount",),
    )


def hide(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Keep a payment out of lists and search; totals, rate and proof still count it."""
    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    with desk.acknowledge(getpass.getuser()) as work:
        if failures.open_of(work.connection, work.company, transaction):
            raise StaleDecision(f"Payment {transaction} has an open failure; resolve or dismiss it before hiding it.")
        _known(payments.find(work.connection, work.company, transaction), transaction)
        payments.hide(work, transaction, hidden=True)
    _hidden(transaction, True, as_json)


def unhide(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Bring a hidden payment back into lists and search."""
    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    with desk.acknowledge(getpass.getuser()) as work:
        _known(payments.find(work.connection, work.company, transaction), transaction)
        payments.hide(work, transaction, hidden=False)
    _hidden(transaction, False, as_json)


def _hidden(transaction: str, hidden: bool, as_json: bool) -> None:
    if as_json:
        print_json({"transaction": transaction, "hidden": hidden})
    else:
        print_line(f"Payment {transaction} is {'hidden' if hidden else 'shown again'}.")


def reopen(
    context: typer.Context, transaction: Transaction, person: AsPerson, company: CompanyId = None, as_json: AsJson = False
) -> None:
    """Undo a dismissal. Posts nothing by itself: choose a remedy afterwards."""
    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    requests.reopen(desk, transaction, by=person)
    journey.diagnose_now(desk)
    if as_json:
        print_json({"transaction": transaction, "reopened": True})
    else:
        print_line(f"Payment {transaction} is open again; `resolve-now show {transaction}` shows what may be done.")
