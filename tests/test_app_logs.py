"""What is logged is one JSON object a line, and holds no secret and no e-mail address, whoever logged it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app import logs
from app.logs import HIDDEN, redacted

#: What somebody might log, and what of it must never be written.
SECRETS = {
    "xoxb-1234-5678-abcdefgh": "Slack refused xoxb-1234-5678-abcdefgh",
    "xapp-1-A1-23-abc": "token xapp-1-A1-23-abc",
    "sk_live_51Abcdef": "https://api.stripe.com with sk_live_51Abcdef",
    "whsec_abc123": "signed by whsec_abc123",
    "eyJhbGciOi.eyJzdWIi.c2ln": "got eyJhbGciOi.eyJzdWIi.c2ln",
    "abcdef123456": "Authorization: Bearer abcdef123456",
    "hunter2": "postgresql://resolve:hunter2@db/resolve",
    "s3cr3t-value": '{"client_secret": "s3cr3t-value", "x": 1}',
    "AB01629616862oj1": "error=invalid_grant&refresh_token=AB01629616862oj1&x=1",
    "ada@customer.example": "no customer ada@customer.example",
    "4111111111111111": "card 4111111111111111",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(stream)
    yield stream
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


@pytest.mark.parametrize(("secret", "text"), SECRETS.items(), ids=SECRETS)
def test_a_secret_inside_a_text_is_replaced(secret: str, text: str) -> None:
    for event in ({"event": text}, {"event": "x", "problem": text}, {"event": "x", "body": {"deep": [text]}}):
        assert secret not in json.dumps(redacted(None, "", dict(event)))


def test_what_a_key_calls_a_secret_loses_its_value_and_the_rest_stays() -> None:
    found = redacted(None, "", {"event": "e", "api_key": "abc", "company": "acme", "headers": {"X-Token": "q"}, "count": 3})
    assert {"event": "e", "api_key": HIDDEN, "company": "acme", "headers": {"X-Token": HIDDEN}, "count": 3} == found


def test_ours_and_those_of_libraries_are_lines_of_json_without_them(written: io.StringIO) -> None:
    structlog.get_logger().info("synced", company="acme", note="first\nsecond xoxb-11-22")
    logging.getLogger("slack_sdk").error("it broke: %s", "xoxb-33-44 of ada@customer.example")
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        logging.getLogger("apscheduler").exception("job failed")
    lines = [json.loads(line) for line in written.getvalue().strip().split("\n")]
    assert ["synced", "it broke: *** of ***@***", "job failed"] == [line["event"] for line in lines]
    assert ["info", "error", "error"] == [line["level"] for line in lines]
    assert "ValueError" in lines[2]["exception"]
    assert [] == [secret for secret in ("xoxb", "hunter2", "ada@") if secret in written.getvalue()]
