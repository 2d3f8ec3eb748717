"""The bot of this installation: the decisions it passes on, its channels, and how it wakes the scheduler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from app import failure_view
from app.secrets import revealed
from app.settings import Settings
from app.settings_now import AsOfNow
from app.settings_slack import SlackAccess, SlackSettings
from app.wiring import House
from bot.accounts import SlackAccounts
from bot.bolt import Bot
from bot.installations import Installations, OneInstallation
from bot.installing import OurApp, WorkspacesThatInstall
from bot.rooms import Channel, Rooms
from receivables.diagnosis import Remedy
from receivables.errors import ConfigurationError, StaleDecision
from receivables.month import Month
from receivables.ports import Choice, Decided, Report, ReportFile, Wake
from receivables.words import counted
from storage import companies
from storage.decisions import StoredDecision
from sync import care, incidents, ownership, requests


class Decider:
    """Turns what people press into decisions. Implements `receivables.ports.Deciding`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def choose(self, choice: Choice, *, by: str) -> Decided:
        made = requests.request(
            self._house.desk(choice.company),
            choice.transaction_number,
            choice.remedy,
            by=by,
            channel="slack",
            reason=choice.reason,
            options=choice.options,
            decision_id=choice.offer_id,
            evidence_id=choice.evidence_id,
        )
        if made.requested_by != by:  # the same button, pressed by another person a moment earlier
            raise StaleDecision(f"{self._name(made.requested_by)} already chose this; it is {made.stands}.")
        return _decided(made)

    def _name(self, person_id: str) -> str:
        person = self._house.people.get(person_id)
        return person.name if person else person_id

    def choose_all(self, company: str, incident_id: str, remedy: Remedy, *, by: str) -> str:
        incidents.request_all(self._house.desk(company), incident_id, remedy, by=by)
        return "Recorded. Each payment is checked again before anything is done; the card shows the progress."

    def take(self, company: str, subject_kind: str, subject: str, *, by: str) -> str:
        ownership.take(self._house.desk(company), subject_kind, subject, by=by)
        return "You took ownership; the others can see that."

    def assign(self, company: str, failure_id: str, to: str | None, *, by: str, note: str = "") -> str:
        return care.assign(self._house.desk(company), failure_id, to, by=by, note=note)

    def snooze(self, company: str, failure_id: str, until: str, *, by: str) -> str:
        return care.snooze(self._house.desk(company), failure_id, date.fromisoformat(until) if until else None, by=by)

    def approve(self, company: str, decision_id: str, *, by: str) -> Decided:
        return _decided(requests.approve(self._house.desk(company), decision_id, by=by))

    def decline(self, company: str, decision_id: str, *, by: str) -> Decided:
        return _decided(requests.decline(self._house.desk(company), decision_id, by=by))

    def reopen(self, company: str, transaction_number: str, *, by: str) -> None:
        desk = self._house.desk(company)
        requests.reopen(desk, transaction_number, by=by)
        self.look_again(company)

    def look_again(self, company: str) -> None:
        with self._house.desk(company).acknowledge("sync") as work:
            companies.want_sync(work)


class Reporter:
    """Makes what people ask for at month end, in a folder that is gone afterwards. Implements `receivables.ports.Reporting`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def month_end(self, company: str, month: str) -> Report:
        from app.month_end import files  # noqa: PLC0415  # the libraries of pictures and workbooks, only when one is asked for

        with TemporaryDirectory(prefix="resolve-now-report-") as folder:
            made = files.write(self._house.desk(company), Month.of(month), Path(folder))
            picture = ReportFile(made.chart.name, made.chart.read_bytes(), made.description.read_text(encoding="utf-8").strip())
            return Report(files.in_words(made.found), [ReportFile(made.workbook.name, made.workbook.read_bytes()), picture])

    def failures(self, companies: Sequence[str]) -> Report:
        from app import export  # noqa: PLC0415  # the same

        desks = [self._house.desk(company) for company in companies]
        rows = export.rows_of(
            (shown for desk in desks for page in failure_view.pages(desk) for shown in page),
            {desk.company.id: desk.company.words for desk in desks},
        )
        day = desks[0].company.day_of(self._house.clock.now()) if desks else ""
        files = [
            ReportFile(f"failed-payments-{day}.{kind}", write(rows))
            for kind, write in (("csv", export.as_csv), ("xlsx", export.as_xlsx))
        ]
        return Report([f"{counted(len(rows), 'failed payment')}."], files)


def _decided(made: StoredDecision) -> Decided:
    return Decided(made.id, made.state, made.outcome)


class _Channels:
    """The channels of each company that has one, as configured now; made anew when the configuration changed."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._held = house.settings, channels_of(house.settings)

    def now(self) -> dict[str, Channel]:
        settings = self._house.settings
        if self._held[0] is not settings:
            self._held = settings, channels_of(settings)
        return self._held[1]


def channels_of(settings: Settings) -> dict[str, Channel]:
    """The channels of every company that has one; those that several have are said to be shared."""
    serves = Counter(channel for company in settings.companies if company.slack for channel in set(_both(company.slack)))
    return {
        company.id: Channel(
            company.company,
            *_both(slack),
            tuple(slack.tell),
            any(serves[channel] > 1 for channel in _both(slack)),
            slack.team or "",
        )
        for company in settings.companies
        if (slack := company.slack) is not None
    }


def _both(slack: SlackSettings) -> tuple[str, str]:
    """Where its cards go, and its escalations."""
    return slack.channel, slack.escalations or slack.channel


def open_bot(house: House, wake: Wake) -> Bot | None:
    """The bot, where tokens and at least one channel are configured; None without tokens."""
    access = house.settings.slack_access
    if access is None:
        return None
    channels = AsOfNow(_Channels(house).now)
    if not channels:
        raise ConfigurationError(
            "Slack tokens are set, but no company has a [company.slack] channel for its cards. Add one, or unset the tokens."
        )
    rooms = Rooms(
        house.db, house.clock, house.ids, channels, house.people, Decider(house), wake, house.owner, reporting=Reporter(house)
    )
    ours, installations = access.app, _installations(house, access, rooms)
    rooms = replace(rooms, accounts=SlackAccounts(installations, access.base_url, house.clock))
    return Bot(
        rooms,
        installations,
        base_url=access.base_url,
        app_token=revealed(access.app_token),
        signing_secret=revealed(access.signing_secret),
        app=OurApp(ours.client_id, ours.client_secret.reveal(), ours.address) if ours else None,
    )


def _installations(house: House, access: SlackAccess, rooms: Rooms) -> Installations:
    """The workspace of the bot token, or those that installed the app. Raises ConfigurationError without a key for tokens."""
    if access.bot_token is not None:
        return OneInstallation(access.bot_token.reveal(), access.base_url)
    return WorkspacesThatInstall(rooms, house.connections.keys)
