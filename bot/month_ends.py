"""The month-end package in Slack: whoever sees the company asks for it, and it is sent to them alone when it is ready."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.asker import Asker
from bot.found import buttons
from bot.slack_errors import trouble_of
from bot.text import Block, fallback
from receivables.company import Company
from receivables.errors import NotFound
from receivables.month import Month
from receivables.ports import Clock, Report, Reporting
from receivables.words import listed, plain

NOT_SENT = (
    "The report was made, and Slack did not take it ({word}). Your administrator can run `resolve-now report --month {month}`."
)
BUTTONS_AT_MOST = 20

log = structlog.get_logger()


class MonthEnds:
    """Who asked for which report, so that a second press makes no second one."""

    def __init__(self, reporting: Reporting, clock: Clock) -> None:
        self._reporting, self._clock = reporting, clock
        self._turn = threading.Lock()
        self._being_made: set[tuple[str, str, str, str]] = set()

    def ask(self, text: str, companies: Sequence[Company], asker: Asker) -> None:
        """`text` is a month, and a company where the person sees several; without a month the last two are offered."""
        said, _, named = text.partition(" ")
        if not said:
            asker.tell("Which month should the report be of?", self._offered(companies))
            return
        month = Month.of(said)
        company = _meant(named.strip(), month, companies)
        month.must_have_begun(company, self._clock.now())
        wanted = (asker.place, asker.account, company.id, month.text)
        with self._turn:
            if wanted in self._being_made:
                asker.tell("This report is being made. I will send it to you when it is ready.")
                return
            self._being_made.add(wanted)
        of_month = f"{plain(company.name)} for {company.words.month(month.first)}"
        asker.tell(f"I am making the report of {of_month}. I will send it to you when it is ready.")
        asker.answers.at_length(asker.respond, lambda: self._make(company, month, asker))

    def _make(self, company: Company, month: Month, asker: Asker) -> None:
        try:
            report = self._reporting.month_end(company.id, month.text)
            try:
                send(asker.client, asker.account, f"Month end: {plain(company.name)}, {company.words.month(month.first)}", report)
            except (SlackClientError, OSError) as error:
                word = trouble_of(error).word
                log.warning("report_not_sent", error=word)
                asker.tell(NOT_SENT.format(word=_in_words(word, error), month=month.text))
        finally:
            with self._turn:
                self._being_made.discard((asker.place, asker.account, company.id, month.text))

    def _offered(self, companies: Sequence[Company]) -> list[Block]:
        """The last month and this one, of each company."""
        said = []
        for company in companies[: BUTTONS_AT_MOST // 2]:
            this = company.day_of(self._clock.now()).replace(day=1)
            for first in ((this - timedelta(days=1)).replace(day=1), this):
                name = f"{plain(company.name, 40)}: " if len(companies) > 1 else ""
                said.append((f"{name}{company.words.month(first)}", f"report {first:%Y-%m} {company.id}"))
        return [buttons(*said)] if said else []


def _in_words(word: str, error: Exception) -> str:
    if isinstance(error, SlackApiError) and word == "missing_scope":
        return "the app may not send files: it needs the scope files:write"
    return word


def _meant(named: str, month: Month, companies: Sequence[Company]) -> Company:
    if not named and len(companies) == 1:
        return companies[0]
    found = next((company for company in companies if named.casefold() in (company.id.casefold(), company.name.casefold())), None)
    if found is None:
        choices = listed([company.id for company in companies], 10, last="or")
        raise NotFound(f"Which company? Write /payments report {month.text} and then {choices}.")
    return found


def send(client: WebClient, user: str, title: str, report: Report) -> None:
    """A direct message with what it says, and its files in the same place. Raises SlackClientError and OSError."""
    text = "\n".join(fallback(line) for line in (title, *report.said))
    place = client.chat_postMessage(channel=user, text=text, unfurl_links=False, unfurl_media=False)["channel"]
    uploads = [
        {"filename": file.name, "title": file.name, "content": file.content, **({"alt_txt": file.alt} if file.alt else {})}
        for file in report.files
    ]
    client.files_upload_v2(channel=place, file_uploads=uploads)
