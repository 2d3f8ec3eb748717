"""What Slack cannot tell comes by mail: once each, kept until the mail server takes it, on a real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from mail_server import Post, a_mail_server
from scene import Scene, a_scene

from bot.mail import MailServer
from bot.mail_outbox import LEASE_SECONDS, MailOutbox
from bot.mailings import PATIENCE, Mailing
from receivables.diagnosis import Cause
from storage import companies, escalations, mail, slack_trouble
from storage.watch import Watch

TO = ("controller@example.com", "ar@example.com")
CHANNEL = "C0123456789"
FIGURES = {"window": "last 24 hours", "attempted": 120, "failed": 14, "limit_percentage": 10, "causes": [["period_closed", 12]]}


@pytest.fixture
def post() -> Iterator[Post]:
    with a_mail_server() as made:
        yield made


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Scene]:
    scene = a_scene(tmp_path)
    scene.sync()
    yield scene
    scene.db.close()
    scene.ledger.close()


def outbox_of(acme: Scene, post: Post, *, daily_summary: bool = False) -> MailOutbox:
    server = MailServer("127.0.0.1", post.port, "none", "resolve-now@example.com")
    mailing = Mailing(acme.desk.company, TO, daily_summary, (CHANNEL, "listening"))
    return MailOutbox(acme.db, acme.clock, acme.desk.ids, server, {"acme": mailing})


@pytest.fixture
def mails(acme: Scene, post: Post) -> MailOutbox:
    return outbox_of(acme, post)


def subjects(post: Post) -> list[str]:
    return [str(message["Subject"]) for message in post.mails]


def archived(acme: Scene) -> None:
    with acme.db.work() as connection:
        now = acme.clock.now()
        slack_trouble.found(connection, CHANNEL, "is_archived", at=now, try_at=now)


def escalated(acme: Scene) -> None:
    with acme.desk.work() as work:
        escalations.begin(work, FIGURES)


def rung(acme: Scene, mails: MailOutbox, minutes: float) -> int:
    acme.clock.advance(minutes * 60)
    return mails.run_once()


def test_a_channel_that_takes_nothing_is_mailed_after_a_quarter_of_an_hour_and_again_when_it_is_over(
    acme: Scene, mails: MailOutbox, post: Post
) -> None:
    archived(acme)
    assert [0, 0, 1, 0] == [rung(acme, mails, minutes) for minutes in (0, 14, 2, 60)]
    with acme.db.work() as connection:
        slack_trouble.over(connection, CHANNEL)
    assert [1, 0] == [rung(acme, mails, 1) for _ in range(2)]

    first, second = subjects(post)
    assert first.startswith("Acme Networks: no card has reached Slack since Mar 10, 2026")
    assert "Acme Networks: Slack is back" == second
    text = post.mails[0].get_content()
    assert "Slack says: is_archived." in text
    assert "Unarchive it, or name another channel." in text
    assert [list(TO)] * 2 == post.recipients


@pytest.mark.parametrize(
    ("place", "team", "concerned"),
    [
        ("slack", "", True),
        ("slack", "T1", True),
        ("slack T1", "T1", True),
        ("slack T1", "", True),
        ("slack T1", "T2", False),
        ("C0999999999", "", False),
        ("listening", "T1", True),
    ],
)
def test_trouble_concerns_the_companies_of_its_place(place: str, team: str, concerned: bool, acme: Scene) -> None:
    assert concerned == Mailing(acme.desk.company, TO, False, (CHANNEL, "listening"), team).concerns(place)


def test_presses_that_do_not_arrive_are_mailed(acme: Scene, mails: MailOutbox, post: Post) -> None:
    with acme.db.work() as connection:
        now = acme.clock.now()
        slack_trouble.found(connection, "listening", "URLError", at=now, try_at=now)
    rung(acme, mails, 20)

    assert ["Acme Networks: button presses in Slack have not arrived"] == [
        subject.partition(" since")[0] for subject in subjects(post)
    ]
    assert "Slack cannot be reached." in post.mails[0].get_content()


def test_books_out_of_reach_and_escalations_are_mailed_with_their_end(acme: Scene, mails: MailOutbox, post: Post) -> None:
    escalated(acme)
    with acme.desk.work() as work:
        companies.pause(work, cause=Cause.ACCESS_LOST, message="QuickBooks does not accept our access.", until=None)
    assert [1, 1] == [rung(acme, mails, 0), rung(acme, mails, PATIENCE.total_seconds() / 60)]
    with acme.desk.work() as work:
        companies.resume(work)
        current = escalations.open_now(work.connection, "acme")
        assert current is not None
        escalations.clear(work, current)
    assert 2 == rung(acme, mails, 1)

    assert [
        "Acme Networks: too many payments are failing to sync",
        "Acme Networks: the books have been out of reach since",
        "Acme Networks: payments sync again",
        "Acme Networks: the books are back",
    ] == [subject.partition(" since")[0] + (" since" if " since" in subject else "") for subject in subjects(post)]
    assert "14 of 120 payments failed in the last 24 hours (11%); the limit is 10%." in post.mails[0].get_content()


def test_the_summary_comes_once_in_the_companys_morning_where_it_is_wanted(acme: Scene, post: Post) -> None:
    mails = outbox_of(acme, post, daily_summary=True)
    assert 0 == rung(acme, mails, 6 * 60), "the morning is over"
    morning = acme.desk.company.latest(8, acme.clock.now()) + timedelta(days=1)
    minutes = (morning - acme.clock.now()).total_seconds() / 60
    assert [0, 1, 0] == [rung(acme, mails, minutes - 1), rung(acme, mails, 2), rung(acme, mails, 60)]

    assert ["Acme Networks: no payment is failing"] == [subject.partition(" (")[0] for subject in subjects(post)]
    assert "Since yesterday morning: 0 new, 0 resolved." in post.mails[0].get_content()


def test_a_mail_server_that_refuses_is_tried_again_until_it_takes_the_mail(acme: Scene, mails: MailOutbox, post: Post) -> None:
    escalated(acme)
    for answers in ({"hello": "421 busy"}, {"MAIL": "451 later"}, {"RCPT": "550 no such user"}, {"DATA": "554 no"}):
        post.answers = answers
        assert 0 == rung(acme, mails, 20)
    post.answers = {"taken": "452 disk full"}
    rung(acme, mails, 20)
    post.answers, post.mails = {}, []

    assert (1, 0, 1) == (rung(acme, mails, 20), rung(acme, mails, 20), len(post.mails))


def test_an_address_that_is_refused_keeps_no_other_from_the_mail(acme: Scene, mails: MailOutbox, post: Post) -> None:
    post.answers = {f"RCPT {TO[0]}": "550 gone"}
    escalated(acme)

    assert (1, [[TO[1]]]) == (rung(acme, mails, 1), post.recipients)


@pytest.mark.parametrize("taken", ["dropped", "never taken"])
def test_a_mail_whose_answer_was_lost_is_sent_once_more_with_the_same_id_and_never_again(
    taken: str, acme: Scene, mails: MailOutbox, post: Post
) -> None:
    post.answers = {"taken": taken}
    escalated(acme)
    for _ in range(5):
        rung(acme, mails, 20)

    assert 2 == post.connections
    assert len({message["Message-ID"] for message in post.mails}) <= 1
    with acme.db.read() as connection:
        assert None is mail.unsent(connection)


def test_of_two_processes_one_sends_and_what_a_dead_one_held_is_sent_by_the_other(
    tmp_path: Path, database_url: str, post: Post
) -> None:
    acme = a_scene(tmp_path, url=database_url)
    acme.sync()
    first, second = outbox_of(acme, post), outbox_of(acme, post)
    escalated(acme)
    assert [1, 0] == [first.run_once(), second.run_once()]
    with acme.desk.work() as work:
        mail.want(work, "summary", "another", subject="Another", body="text")
    with acme.desk.work() as work:
        assert mail.claim(work, Watch(acme.clock), lease_seconds=LEASE_SECONDS) is not None  # and then it dies

    told = [rung(acme, second, 1), rung(acme, second, LEASE_SECONDS / 60 + 1)]
    acme.db.close()
    acme.ledger.close()

    assert [0, 1] == told


def test_no_mail_is_sent_to_a_company_that_wants_none(acme: Scene, mails: MailOutbox, post: Post) -> None:
    escalated(acme)
    assert (0, []) == (replace(mails, mailings={}).run_once(), post.mails)
