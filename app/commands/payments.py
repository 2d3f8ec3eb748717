"""Commands about payments: sync, list failures, show one, search, hide."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.output import print_beside, print_json, print_line, print_table
from receivables.words import Words, counted

if TYPE_CHECKING:
    from app import failure_view
    from receivables.company import Company
    from receivables.diagnosis import Diagnosis
    from storage import search
    from sync.desk import Desk
    from sync.journey import JourneyCounts

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
CompanyId = Annotated[str | None, typer.Option("--company", help="Which company; needed only when several are configured.")]
Transaction = Annotated[str, typer.Argument(help="The payment's transaction number.")]
FILTERS = "kind: amount: after: before: status: company: hidden:"  # as `storage.search_text` reads them
KINDS = ("payment", "invoice", "customer", "credit-memo", "receipt")
REFUSED_SHOWN = 20
ASK_AGAIN_SECONDS = 1.0  # while another process works for the company


@contextmanager
def working(text: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Shows progress on a terminal, unless it is to be quiet; standard output stays clean for the answer."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    with console.status(text) as status:
        yield status.update


def sync(
    context: typer.Context,
    company: CompanyId = None,
    dry_run: Annotated[bool, typer.Option(help="Read only, and show what would be posted.")] = False,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            help="Wait until the books tell whether a receipt that got no answer reached them. Default: wait, not with --json.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sync once, now: read the books, post what can be posted, diagnose the rest.

    Exits with 1 where a payment failed, or something could not be read or sent.
    """
    from app.wiring import open_house
    from storage.alone import Alone, work_for
    from sync import journey, manual_sync, searching

    house = open_house(context.obj)
    desks = house.desks(company)
    if dry_run:
        _preview(desks, as_json)
        return
    done = []
    alone = Alone(house.db)
    for desk in desks:
        with working(f"{desk.company.name}: starting") as update, alone.when_free(work_for(desk.company.id), _waiting(update)):
            manual_sync.cut_short(desk)
            counts = journey.run(desk, update)
            searching.run_once(desk)
            if wait or (wait is None and not as_json):
                manual_sync.until_known(desk, counts, update, (lambda _: None) if as_json else print_line)
            counts.problem = counts.problem or manual_sync.why_not_sent(desk)
            done.append(counts)
    if as_json:
        print_json(done)
    else:
        for desk, counts in zip(desks, done, strict=True):
            _say(desk, counts)
    if any(counts.failed or counts.problem or counts.feed_problem or counts.clock_problem for counts in done):
        sys.exit(1)


def _waiting(update: Callable[[str], None]) -> Callable[[], None]:
    def wait() -> None:
        update("another process is working for this company; waiting for it to end")
        time.sleep(ASK_AGAIN_SECONDS)

    return wait


def _say(desk: Desk, counts: JourneyCounts) -> None:
    from storage import feeds

    if counts.feed_problem:
        print_line(f"{desk.company.name}: the feed could not be read ({counts.feed_problem}). Nothing was lost.")
    if counts.refused_records:
        records = counted(counts.refused_records, "record")
        print_line(f"{desk.company.name}: {records} from the feed cannot become payments as they are:")
        with desk.db.read() as connection:
            kept = feeds.refused(connection, desk.company.id, limit=REFUSED_SHOWN)
        for record in kept:
            print_line(f"  {record.record_id}: {record.problem}")
    if counts.clock_problem:
        print_line(f"{desk.company.name}: {counts.clock_problem}")
    if counts.problem:
        print_line(
            f"{desk.company.name}: the books could not be reached ({counts.problem}). Nothing was lost; the next sync continues."
        )
        return
    if not desk.writes:
        print_line(
            f"{desk.company.name}: writes are off. `resolve-now sync --dry-run` shows what would be posted; "
            'writes = "on" in the configuration starts posting.'
        )
    print_line(
        f"{desk.company.name}: {counted(counts.verified, 'payment')} posted and verified, {counts.failed} failed, "
        f"{counts.put_right} fixed in the books, {counts.diagnosed} diagnosed."
    )


def _preview(desks: list[Desk], as_json: bool) -> None:
    import rules
    from bot.called import called_diagnosis
    from sync import preview

    def why(desk: Desk, diagnosis: Diagnosis | None) -> str:
        return rules.sentence(called_diagnosis(diagnosis, desk.company, desk.people), desk.company.words) if diagnosis else ""

    shown = [(desk, preview.run_once(desk)) for desk in desks]
    if as_json:
        print_json(
            {
                desk.company.id: [
                    {
                        "transaction": of.stored.number,
                        "amount_minor": of.stored.payment.amount_minor,
                        "currency": of.stored.payment.currency,
                        "would": "fail" if of.obstacles else "post",
                        "obstacles": [obstacle.sentence(desk.company.words) for obstacle in of.obstacles],
                        "cause": of.diagnosis.primary.cause if of.diagnosis else None,
                        "sentence": why(desk, of.diagnosis),
                    }
                    for of in previews
                ]
                for desk, previews in shown
            }
        )
        return
    for desk, previews in shown:
        print_table(
            f"{desk.company.name}: what a sync would do (nothing was written)",
            ("Payment", "Customer", "Amount", "Would", "Why"),
            [
                (
                    of.stored.number,
                    of.stored.payment.customer,
                    desk.company.words.money(of.stored.payment.amount_minor, of.stored.payment.currency),
                    "fail" if of.obstacles else "post",
                    why(desk, of.diagnosis),
                )
                for of in previews
            ],
            right=("Amount",),
        )


def list_failures(
    context: typer.Context,
    company: CompanyId = None,
    everything: Annotated[bool, typer.Option("--all", help="Include resolved failures.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write them to a CSV file instead.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write them to an Excel workbook instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """List failed payments, why they failed, and what can be done.

    Exits with 1 where one is open.
    """
    from app import failure_view
    from app.wiring import open_house

    house = open_house(context.obj)
    desks = sorted(house.desks(company), key=lambda desk: desk.company.id)
    pages = (page for desk in desks for page in failure_view.pages(desk, everything=everything))
    words = {desk.company.id: desk.company.words for desk in desks}
    if as_json or csv or xlsx:
        every = [shown for page in pages for shown in page]
        _export(every, words, csv, xlsx)
        if as_json:
            print_json(every)
        is_open = any(failure.state == "open" for failure in every)
    else:
        is_open = _print_failures(pages, words)
    if is_open:
        sys.exit(1)


def _export(shown: list[failure_view.FailureView], words: Mapping[str, Words], csv: Path | None, xlsx: Path | None) -> None:
    """Writes each file that is wanted, and says so beside the answer. Overwrites nothing."""
    from app import export

    rows = export.rows_of(shown, words) if csv or xlsx else []
    for path, write in ((csv, export.as_csv), (xlsx, export.as_xlsx)):
        if path is not None:
            export.keep(path, write(rows))
            print_beside(f"{counted(len(rows), 'failed payment')} written to {path}.")


def _print_failures(pages: Iterator[list[failure_view.FailureView]], words: Mapping[str, Words]) -> bool:
    """Prints each page when it was read. True where one of them is open."""
    from app import failure_view

    printed = is_open = False
    for page in pages:
        failure_view.print_failures(page, words)
        printed, is_open = True, is_open or any(failure.state == "open" for failure in page)
    if not printed:
        print_line("There are no failed payments.")
    return is_open


def show(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Show one payment's whole history."""
    from app import story_view
    from app.wiring import open_house

    house = open_house(context.obj)
    desk = house.desk_of(transaction, company)
    told = story_view.gather(desk, transaction)
    if as_json:
        print_json(story_view.as_json(told))
    else:
        story_view.print_story(told, desk)


def find(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help=f"Part of a number or name, or an amount. Filters: {FILTERS}")],
    company: CompanyId = None,
    kind: Annotated[str | None, typer.Option(help=f"Only one kind: {', '.join(KINDS)}.")] = None,
    include_hidden: Annotated[bool, typer.Option(help="Include hidden payments.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find payments, invoices, customers, credit memos and receipts."""
    from app.wiring import open_house
    from storage import search, search_text

    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is not a kind. Kinds: {', '.join(KINDS)}.", param_hint="--kind")
    house = open_house(context.obj)
    companies = {desk.company.id: desk.company for desk in house.desks(company)}
    wanted = search_text.read(text, list(companies.values())).wanted
    wanted = replace(wanted, kinds=(kind.replace("-", "_"),) if kind else wanted.kinds)
    wanted = replace(wanted, hidden=search.Hidden.YES if include_hidden else wanted.hidden)
    with house.db.read() as connection:
        each = search.of_each(connection, wanted)
        hidden = search.hidden_besides(connection, wanted)
        caveats = search.caveats(connection, wanted.companies)
    if hidden and not as_json:
        match, it = ("matches", "it") if hidden == 1 else ("match", "them")
        caveats.append(f"{counted(hidden, 'hidden payment')} {match} as well; hidden:yes shows {it}.")
    if any(len(matches) == search.FOUND_AT_MOST for matches in each):
        caveats.append(search.NOT_ALL)
    for caveat in caveats:
        print_beside(caveat)
    _print_found([match for matches in each for match in matches], text, companies, as_json=as_json)


def _print_found(found: Sequence[search.Found], text: str, companies: Mapping[str, Company], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found:
        print_line(f"Nothing here contains {text!r}.")
        return
    print_table(
        f"Matches for {text!r}",
        ("Company", "Kind", "Number", "Name", "Amount", "State"),
        [
            (
                match.company,
                match.kind,
                match.number or f"#{match.id}",
                match.name,
                _amount(match, companies[match.company].words),
                match.state + (" (hidden)" if match.hidden else ""),
            )
            for match in found
        ],
        right=("Amount",),
    )


def _amount(match: search.Found, words: Words) -> str:
    return "" if match.amount_minor is None or not match.currency else words.money(match.amount_minor, match.currency)


def hide(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Hide a payment from lists and search; totals, failure rate and proof still count it."""
    from app.wiring import open_house

    _set_hidden(open_house(context.obj).desk_of(transaction, company), transaction, hidden=True, as_json=as_json)


def unhide(context: typer.Context, transaction: Transaction, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Show a hidden payment in lists and search again."""
    from app.wiring import open_house

    _set_hidden(open_house(context.obj).desk_of(transaction, company), transaction, hidden=False, as_json=as_json)


def _set_hidden(desk: Desk, transaction: str, *, hidden: bool, as_json: bool) -> None:
    from app.wiring import os_account
    from storage import hiding

    with desk.acknowledge(os_account()) as work:
        hiding.hide(work, transaction, hidden=hidden)
    if as_json:
        print_json({"transaction": transaction, "hidden": hidden})
    else:
        print_line(f"Payment {transaction} is {'hidden' if hidden else 'shown again'}.")
