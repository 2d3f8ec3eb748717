"""What is failing as files for a spreadsheet: sent to whoever asks, of the companies that they see."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from slack_sdk.errors import SlackClientError

from bot.asker import Asker
from bot.month_ends import send
from bot.rooms import Rooms
from bot.slack_errors import trouble_of
from receivables.company import Company
from receivables.errors import NotFound
from receivables.words import listed

COMPANIES_AT_MOST = 10  # that are named
NOT_SENT = "The files were made, and Slack did not take them ({word}). `resolve-now failures --xlsx FILE` writes them as well."

log = structlog.get_logger()


def export(rooms: Rooms, named: str, companies: Sequence[Company], asker: Asker) -> None:
    """Sends a CSV file and a workbook in a direct message; of the company that is named, or of all that the person sees."""
    wanted = [company.id for company in companies if not named or named.casefold() in (company.id, company.name.casefold())]
    if not wanted:
        choices = listed([company.id for company in companies], COMPANIES_AT_MOST, last="or")
        raise NotFound(f"Which company? Write /payments export and then {choices}.")

    def make() -> None:
        report = rooms.reporting.failures(wanted)
        try:
            send(asker.client, asker.account, "Failed payments", report)
        except (SlackClientError, OSError) as error:
            word = trouble_of(error).word
            log.warning("export_not_sent", error=word)
            asker.tell(NOT_SENT.format(word=word))

    asker.tell("I am writing the files. I will send them to you when they are ready.")
    asker.answers.at_length(asker.respond, make)
