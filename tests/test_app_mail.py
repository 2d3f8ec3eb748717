"""The mail server and who gets mails, as they are configured; the doctor signs in at the server and sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import templates
from mail_server import Post, a_mail_server

from app.doctor import examine
from app.findings import Verdict
from app.mail import open_mail
from app.settings import SMALLEST_FILE, load_settings
from app.wiring import open_house
from receivables.errors import ConfigurationError

COMPANY = SMALLEST_FILE + '[company.email]\nto = ["controller@example.com"]\n'
PASSWORD = {"RESOLVE_NOW_EMAIL_PASSWORD": "canary"}


def config(folder: Path, *lines: str, company: str = COMPANY) -> Path:
    path = folder / "resolve-now.toml"
    email = "\n".join(["[email]", *lines]) if lines else ""
    path.write_text(f"{email}\n{company}")
    return path


def here(post: Post) -> tuple[str, ...]:
    return 'host = "127.0.0.1"', f"port = {post.port}", 'tls = "none"', 'from = "resolve-now@example.com"'


@pytest.fixture
def post() -> Iterator[Post]:
    with a_mail_server() as made:
        yield made


@pytest.mark.parametrize(
    ("lines", "company", "said"),
    [
        ((), COMPANY, "company acme, email: needs a mail server. Write a table [email]"),
        (('host = "mail.example.com"',), COMPANY, "email, from: is missing. Write the address that mails come from"),
        (
            ('host = "mail.example.com"', 'from = "a@example.com"', 'user = "a"', 'tls = "none"'),
            COMPANY,
            "sends the password where others can read it",
        ),
        (
            ('host = "mail.example.com"', 'from = "a@example.com"', 'password = "canary"'),
            COMPANY,
            "RESOLVE_NOW_EMAIL_PASSWORD",
        ),
        (
            ('host = "mail.example.com"', 'from = "a@example.com"'),
            SMALLEST_FILE + '[company.email]\nto = ["controller"]\n',
            'Write a list of addresses, such as ["controller@example.com"]',
        ),
    ],
)
def test_what_cannot_be_mailed_is_refused_with_what_to_write(
    tmp_path: Path, lines: tuple[str, ...], company: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(config(tmp_path, *lines, company=company), PASSWORD)

    assert said in refused.value.message
    assert "canary" not in refused.value.message


def test_the_password_comes_from_the_environment_and_is_never_shown(tmp_path: Path, post: Post) -> None:
    templates.new_database(tmp_path)
    house = open_house(config(tmp_path, *here(post), 'user = "resolve-now"'), PASSWORD)
    mails = open_mail(house)
    house.db.close()

    assert mails is not None
    assert ("canary", ["acme"]) == (mails.server.password, list(mails.mailings))
    assert "canary" not in repr(mails) + repr(house.settings)


def test_who_gets_mails_is_taken_up_while_it_runs(tmp_path: Path, post: Post) -> None:
    templates.new_database(tmp_path)
    path = config(tmp_path, *here(post))
    house = open_house(path, {})
    mails = open_mail(house)
    assert mails is not None
    path.write_text(path.read_text().replace("controller@", "ar-team@"))
    found = [mailing.to for mailing in mails.mailings.values()]
    house.db.close()

    assert [("ar-team@example.com",)] == found


def test_the_doctor_asks_the_mail_server_and_sends_nothing(tmp_path: Path, post: Post) -> None:
    templates.new_database(tmp_path)
    path = config(tmp_path, *here(post))
    well = [finding for finding in examine(path, None, {}) if finding.check == "email"]
    post.answers = {"hello": "554 go away"}
    ill = [finding for finding in examine(path, None, {}) if finding.check == "email"]

    assert [(Verdict.WORKS, Verdict.BROKEN)] == [(well[0].verdict, ill[0].verdict)]
    assert "127.0.0.1 does not let us send mails: 554 go away." == ill[0].text
    assert [] == post.mails


def test_a_mail_server_that_wants_to_be_encrypted_and_cannot_is_told(tmp_path: Path, post: Post) -> None:
    templates.new_database(tmp_path)
    lines = [line for line in here(post) if "tls" not in line]
    (found,) = [finding for finding in examine(config(tmp_path, *lines), None, {}) if finding.check == "email"]

    assert (Verdict.BROKEN, True) == (found.verdict, "STARTTLS" in found.text)
