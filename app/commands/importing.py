"""Commands that bring payments in from files: import, and the maps that read what portals export."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import print_json, print_json_parts, print_line, print_table
from app.progress import Progress
from feeds.maps.map import BUILT_IN, STANDARD
from receivables.errors import ConfigurationError, FeedError
from receivables.payment import FeedStatus, Payment
from receivables.words import counted, listed

if TYPE_CHECKING:
    from app.import_maps import Chosen
    from app.import_preview import PreviewRow
    from feeds.payment_file import PaymentFile
    from sync import intake
    from sync.desk import Desk

MAPS = ", ".join(BUILT_IN)


def said_of() -> Mapping[str, str]:
    """What a feed says now of payments that it told of before, in words that follow their count."""
    from sync.reversals import PART

    return {
        FeedStatus.PAID: "paid after all",
        FeedStatus.RETURNED: "returned",
        FeedStatus.REFUNDED: "refunded",
        FeedStatus.CHARGED_BACK: "charged back",
        FeedStatus.FAILED: "failed",
        PART: "partly refunded",
    }


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file of payments, or with --map what a portal exports.")],
    company: CompanyId = None,
    map_name: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="NAME",
            help=f"Read a portal's own export, as CSV or .xlsx, by a map: {MAPS}, or the path of your own (.toml). Remembered "
            f"for the company; {STANDARD} goes back to Resolve Now's own columns.",
        ),
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="State what the map asks, such as currency=USD; remembered with it."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what each row would become, and import nothing.")] = False,
    partial: Annotated[
        bool, typer.Option(help="Import the good lines of a file with bad ones, and say which were left out.")
    ] = False,
    numbers_are_not_cards: Annotated[
        bool,
        typer.Option(
            "--numbers-are-not-cards", help="The portal's own numbers only look like card numbers; put on record for this file."
        ),
    ] = False,
    person: Annotated[
        str, typer.Option("--as", help="The configured person who imports; they never decide alone about these payments.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Import payments from a file: the whole file, or nothing."""
    from app.import_maps import choose
    from app.wiring import open_house, os_account
    from storage import import_maps

    house = open_house(context.obj)
    desk = house.desk(company)
    if person and person not in desk.people:
        raise typer.BadParameter(f"{person!r} is not a configured person.", param_hint="--as")
    with desk.db.read() as connection:
        before = import_maps.remembered(connection, desk.company.id)
    chosen = choose(map_name, states or [], before, house.settings.folder)
    feed = _feed(desk, file, chosen, partial=partial or preview, not_cards=numbers_are_not_cards)
    try:
        with working(f"checking {feed.name}", quiet=as_json) as update:
            feed.validate(lambda checked: update(f"checking {feed.name}: {counted(checked, 'payment')}"))
        if preview:
            _preview(desk, feed, chosen, as_json)
            return
        counts = _import(desk, feed, person, as_json)
    except FeedError as error:
        _refuse(FeedError(_with_advice(error.message, chosen, file, desk), error.problems), error, as_json)
    if chosen.named:
        with desk.work(person or os_account()) as work:
            import_maps.remember(work, chosen.name, chosen.answers)
    _say(feed, counts, chosen, partial=partial, as_json=as_json, desk=desk)


def _refuse(error: FeedError, cause: FeedError, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"error": error.message, "problems": error.problems})
        sys.exit(2)
    raise error from cause


def _import(desk: Desk, feed: PaymentFile, person: str, as_json: bool) -> intake.IntakeCounts:
    from app.wiring import os_account
    from sync import intake, searching

    if feed.lines_not_cards:
        intake.numbers_are_not_cards(desk, feed, lines=feed.lines_not_cards, by=os_account())
    progress = Progress(feed.count, desk.clock)
    with working(f"importing {feed.name}", quiet=as_json) as update:
        counts = intake.run_once(desk, feed, lambda done: update(progress.said(done)), by=person)
        searching.run_until_done(desk, lambda done: update(f"{counted(done, 'payment')} made searchable"))
    return counts


def _feed(desk: Desk, file: Path, chosen: Chosen, *, partial: bool, not_cards: bool) -> PaymentFile:
    from feeds.csv_file import CsvFile
    from feeds.maps.mapped_file import MappedFile
    from storage import companies, payments

    def are_not_cards(digest: str) -> bool:
        with desk.db.read() as connection:
            return not_cards or companies.are_not_cards(connection, desk.company.id, digest)

    def known(number: str) -> Payment | None:
        with desk.db.read() as connection:
            stored = payments.find(connection, desk.company.id, number)
        return stored.payment if stored else None

    company, today = desk.company, desk.company.day_of(desk.clock.now())
    if chosen.by is None:
        return CsvFile(file, company, partial=partial, are_not_cards=are_not_cards, today=today)
    return MappedFile(file, company, chosen.by, partial=partial, known=known, are_not_cards=are_not_cards, today=today)


def _say(feed: PaymentFile, counts: intake.IntakeCounts, chosen: Chosen, *, partial: bool, as_json: bool, desk: Desk) -> None:
    left_out = feed.problems if partial else ()
    if as_json:
        print_json(asdict(counts) | {"left_out": left_out, "map": chosen.name})
        return
    if chosen.by is not None:
        print_line(_which_map(chosen, desk))
    print_line(
        f"{feed.name}: {counted(counts.new, 'new payment')}, {counts.same} already imported, "
        f"{counts.excluded} excluded by a rule, {counts.contradicting} different from what was imported before."
    )
    if counts.went_back:
        news = [f"{count:,} {said_of().get(status, status)}" for status, count in counts.went_back.items()]
        print_line(f"What became of payments imported before: {listed(news)}.")
    if counts.twins:
        print_line(
            f"{counted(counts.twins, 'payment')} held: probably imported before under another number. `resolve-now failures` "
            "shows both after the next sync."
        )
    for problem in left_out:
        print_line(f"left out: {problem}")
    if partial and feed.asks_about_cards:
        print_line(f"{feed.asks_about_cards}.")


def _which_map(chosen: Chosen, desk: Desk) -> str:
    if chosen.remembered:
        return f"Read by the map {chosen.name}, remembered for {desk.company.id}; --map names another."
    return f"Read by the map {chosen.name}; the next import of {desk.company.id} is read by it too."


def _with_advice(message: str, chosen: Chosen, file: Path, desk: Desk) -> str:
    """What went wrong, and which map would help."""
    from app.import_maps import advice_for

    if chosen.by is None:
        advice = advice_for(file)
    elif chosen.remembered:
        advice = f"The map {chosen.name} was remembered for {desk.company.id}; --map {STANDARD} reads Resolve Now's own columns"
    else:
        advice = ""
    return f"{message}. {advice}" if advice else message


def _preview(desk: Desk, feed: PaymentFile, chosen: Chosen, as_json: bool) -> None:
    """Shows what each row would become; ends with 2 where something is wrong, as the import would."""
    from app import import_preview
    from feeds.maps.mapped_file import MappedFile

    rows: Iterator[PreviewRow]
    if isinstance(feed, MappedFile):
        rows = import_preview.rows_of(feed.became, list(feed.payments()))
    else:
        rows = (import_preview.row_of(payment) for payment in feed.payments())
    if as_json:
        print_json_parts({"map": chosen.name, "rows": rows, "problems": feed.problems})
    else:
        how = f"read by the map {chosen.name} ({chosen.by.reading()})" if chosen.by else "in Resolve Now's own columns"
        import_preview.show(feed.name, how, rows, feed.problems, desk.company.words)
    if feed.problems:
        sys.exit(2)


def maps(
    name: Annotated[str | None, typer.Argument(help="Print this map, to copy it into a file of your own.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the maps that read portals' own exports, or print one to copy and change."""
    from app.toml_file import parsed
    from feeds.maps.map import Map

    if name is not None:
        if name not in BUILT_IN:
            raise ConfigurationError(f"{name!r} is not a map that comes with Resolve Now. Maps: {MAPS}.")
        sys.stdout.write(BUILT_IN[name].read_text(encoding="utf-8"))
        return
    known = {name: Map.model_validate(parsed(path, "")[1]) for name, path in BUILT_IN.items()}
    if as_json:
        print_json([{"map": name, "about": by.about, "asks": list(by.open_questions)} for name, by in known.items()])
        return
    rows = [(name, by.about, "; ".join(f"--set {key}=…" for key in by.open_questions)) for name, by in known.items()]
    print_table("Maps for resolve-now import --map", ("Map", "Reads", "Has to be told"), rows)
