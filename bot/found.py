"""What a search found, drawn: a page of payments and documents, what of it is hidden, and how to see the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass

import rules
from bot.text import NUMBER_AT_MOST, Block, button, context, overflow, resolve_now, section
from bot.which_company import whose
from receivables.company import Company
from receivables.words import capitalized, counted, plain
from storage import failure_pages, search
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.schema.searching import PAYMENT
from storage.search import Found
from storage.search_text import Typed

PAGE = 10  # with a menu and a button each, well under Slack's 50 blocks
SAY = "say/"  # then a number: the button's value is what it says for the person, as if they had typed it after /payments
SAID_AT_MOST = 1_900  # of a button's value

CompanyOf = Callable[[str], Company]


@dataclass(frozen=True)
class Results:
    """What was found, by a bounded search: payments, then documents of the books; and how many hidden payments fit as well."""

    typed: Typed
    payments: Sequence[Found]
    documents: Sequence[Found]
    hidden: int
    failing: Mapping[tuple[str, str], StoredFailure]  # of this page
    caveats: Sequence[str]

    @property
    def page(self) -> Sequence[Found]:
        """What of it is shown now."""
        return _page_of([*self.payments, *self.documents], self.typed)


def look(connection: Connection, typed: Typed) -> Results:
    """Searches. Reads a bounded number of rows, whatever is found."""
    payments, documents = search.of_each(connection, typed.wanted)
    hidden = search.hidden_besides(connection, typed.wanted)
    shown = _page_of([*payments, *documents], typed)
    failing = failure_pages.open_among(connection, [(of.company, of.number) for of in shown if of.kind == PAYMENT])
    return Results(typed, payments, documents, hidden, failing, search.caveats(connection, typed.wanted.companies))


def drawn(results: Results, company_of: CompanyOf, says: Callable[..., Block] | None = None) -> tuple[str, list[Block]]:
    """What to say of it, and its blocks. `says` makes buttons that say something for the person."""
    says = says or buttons
    blocks, among = list[Block](), results.typed.wanted.companies
    for of in results.page:
        if of.kind == PAYMENT:
            blocks += payment_row(of, results.failing.get((of.company, of.number)), company_of(of.company), among)
    lines = [_document(of, company_of(of.company), among) for of in results.page if of.kind != PAYMENT]
    if lines:
        blocks.append(section("In the books:\n" + "\n".join(lines)))
    blocks += _turning(results, says)
    if any(len(found) == search.FOUND_AT_MOST for found in (results.payments, results.documents)):
        blocks.append(context(search.NOT_ALL))
    if results.hidden:
        match = "matches" if results.hidden == 1 else "match"
        said = f"{counted(results.hidden, 'hidden payment')} {match}: add hidden:yes to see hidden payments too."
        blocks += [context(said), says(("Show hidden", f"search {results.typed.said} hidden:only"))]
    blocks += [context(caveat) for caveat in results.caveats]
    return _heading(results), blocks


def payment_row(of: Found, failing: StoredFailure | None, company: Company, among: Sized) -> list[Block]:
    """A payment with its menu, and with Resolve Now where it is failing; `among` are the companies of the list."""
    reference = f"{of.company} {of.number}"
    options = [("Show full history", f"payment-story {reference}")]
    if of.hidden:
        options.append(("Unhide", f"payment-unhide {reference}"))
    elif failing is None:
        options.append(("Hide", f"payment-hide {reference}"))
    state = f"failing: {cause_of(failing)}" if failing else of.state + (" (hidden)" if of.hidden else "")
    amount = company.words.money(of.amount_minor or 0, of.currency)
    text = f"{plain(of.number, NUMBER_AT_MOST)} · {plain(of.name)} · {amount} · {state}{whose(company, among)}"
    elements = [{"type": "actions", "elements": [resolve_now(failing.id)]}] if failing else []
    return [section(text, accessory=overflow("payment_menu", options)), *elements]


def failure_row(failure: StoredFailure, stored: StoredPayment, company: Company, among: Sized, aside: str = "") -> list[Block]:
    """A failing payment with Resolve Now; `among` are the companies of the list, `aside` says that it is snoozed or hidden."""
    payment = stored.payment
    who = f"{plain(failure.transaction_number, NUMBER_AT_MOST)} · {plain(payment.customer)}"
    amount = company.words.money(payment.amount_minor, payment.currency)
    text = f"{who} · {amount} · {cause_of(failure)}{aside}{whose(company, among)}"
    return [section(text), {"type": "actions", "elements": [resolve_now(failure.id)]}]


def cause_of(failing: StoredFailure) -> str:
    """Why it fails, in a few words."""
    return rules.title(failing.cause) if failing.cause else "being checked"


def buttons(*said: tuple[str, str]) -> Block:
    """Buttons of (label, what it says for the person): pressing one is the same as typing it."""
    elements = [button(f"{SAY}{place}", label, text[:SAID_AT_MOST]) for place, (label, text) in enumerate(said)]
    return {"type": "actions", "elements": elements}


def which(found: Sequence[Found], verb: str, company_of: CompanyOf) -> tuple[str, list[Block]]:
    """Asks which of several payments is meant, whose numbers differ in form only."""
    shown, among = found[:PAGE], {of.company for of in found}
    lines = []
    for of in shown:
        company = company_of(of.company)
        amount = company.words.money(of.amount_minor or 0, of.currency)
        lines.append(f"{plain(of.number, NUMBER_AT_MOST)} · {plain(of.name)} · {amount}{whose(company, among)}")
    said = [
        (plain(of.number, NUMBER_AT_MOST) + whose(company_of(of.company), among), f"{verb} {of.number} company:{of.company}")
        for of in shown
    ]
    return "Several payments are called so. Which one?", [section("\n".join(lines)), buttons(*said)]


def _page_of(every: Sequence[Found], typed: Typed) -> Sequence[Found]:
    return every[(typed.page - 1) * PAGE : typed.page * PAGE]


def _turning(results: Results, says: Callable[..., Block]) -> list[Block]:
    """Which page this is, and the buttons to the others."""
    count, page, said = len(results.payments) + len(results.documents), results.typed.page, results.typed.said
    pages = -(-count // PAGE)
    if pages < 2:
        return []
    turns = [("Previous", page - 1)] if 1 < page <= pages else []
    turns += [("Next", page + 1)] if page < pages else []
    return [
        context(f"Page {page} of {pages}"),
        says(*((label, f"search {said} page:{to}") for label, to in turns)),
    ]


def _heading(results: Results) -> str:
    said = plain(results.typed.said)
    what = f" for “{said}”" if said else ""
    counts = [
        ("At least " if len(found) == search.FOUND_AT_MOST else "") + counted(len(found), noun)
        for found, noun in ((results.payments, "payment"), (results.documents, "document"))
        if found
    ]
    return f"{' and '.join(counts)} found{what}" if counts else f"Nothing found{what}"


def _document(of: Found, company: Company, among: Sized) -> str:
    worth = of.amount_minor is not None and of.currency
    amount = f" · {company.words.money(of.amount_minor or 0, of.currency)}" if worth else ""
    kind = capitalized(of.kind.replace("-", " "))
    number = plain(of.number or of.id, NUMBER_AT_MOST) if of.kind != "customer" else ""
    parts = [part for part in (plain(of.name), amount.removeprefix(" · "), of.state) if part]
    return " · ".join([f"{kind} {number}".strip(), *parts]) + whose(company, among)
