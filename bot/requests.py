"""Slack's requests in HTTP mode: signed by Slack within five minutes, and each taken once, whichever process gets it.

A signature says nothing of how often a request was sent: whoever saw one could send it again, and Slack itself sends an event
again that was answered late. What was taken is remembered by the hash of its body, which has an id of its own in every request;
the same again is answered 200 and has no effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from slack_bolt import App
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from bot.answers import BUSY, Answers
from bot.replies import Reply
from bot.rooms import Rooms
from receivables.ports import Clock
from storage import slack_requests
from storage.feeds import DATABASE_SILENT

MOST_BYTES = 512 * 1024  # of one request: a window with every input full is a tenth of it

_TOLD = ("content-type", "x-slack-retry-num", "x-slack-retry-reason")  # headers are not signed: Bolt is given no others

log = structlog.get_logger()


@dataclass(frozen=True)
class Answered:
    """A status, a body, and headers that may come several times."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())


class Requests:
    """Takes Slack's requests for one process, in whatever thread it is called."""

    def __init__(self, app: App, rooms: Rooms, answers: Answers, signing_secret: str) -> None:
        self._app, self._rooms, self._answers = app, rooms, answers
        self._verifier = SignatureVerifier(signing_secret, _Now(rooms.clock))

    def handle(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """What to answer; what a person pressed is recorded by then, or they are told that it was not."""
        if not self._is_signed(body, headers):
            return Answered(401)
        try:
            told: dict[str, str | Sequence[str]] = {name: headers[name] for name in _TOLD if name in headers}
            request = BoltRequest(body=body.decode(), headers=told)
            kind = str(request.body.get("type") or "")
        except (ValueError, AttributeError, TypeError):  # not what Slack sends, although it is signed
            return Answered(400)
        if kind == "url_verification" or "ssl_check" in request.body:
            return as_answer(self._app.dispatch(request))
        digest = hashlib.sha256(body).hexdigest()
        try:
            with self._rooms.db.acknowledge() as connection:
                is_new = slack_requests.first_time(connection, digest, self._rooms.clock.now())
        except DATABASE_SILENT as error:
            log.warning("press_not_recorded", error=type(error).__name__)
            return self._busy(request)
        if not is_new:
            log.info("request_taken_before", kind=kind)
            return Answered(200)
        answered = as_answer(self._app.dispatch(request))
        if answered.status >= 500:
            self._let_it_come_again(digest)
        return answered

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            return self._verifier.is_valid_request(body, dict(headers))
        except (ValueError, TypeError):  # a time that is no number, a signature that is no ASCII, a body that is no text
            return False

    def _busy(self, request: BoltRequest) -> Answered:
        """Nothing is on record: the person is told, in a window beside its first input; without either Slack shows a warning."""
        context, view = request.context, request.body.get("view") or {}
        inputs = [str(block["block_id"]) for block in view.get("blocks") or () if block.get("type") == "input"]
        if request.body.get("type") == "view_submission" and inputs:
            errors = {"response_action": "errors", "errors": {inputs[0]: BUSY}}
            return Answered(200, json.dumps(errors), (("content-type", "application/json"),))
        if context.response_url is None:
            return Answered(503)
        respond = Reply(context.client, request.body, self._rooms.clock, response_url=context.response_url)
        self._answers.tell(respond, BUSY)
        return Answered(200)

    def _let_it_come_again(self, digest: str) -> None:
        try:
            with self._rooms.db.acknowledge() as connection:
                slack_requests.forget(connection, digest)
        except DATABASE_SILENT as error:
            log.warning("request_not_forgotten", error=type(error).__name__)


class _Now(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


def as_answer(given: BoltResponse) -> Answered:
    """Bolt's answer."""
    headers = tuple((name, value) for name, values in given.headers.items() for value in values)
    return Answered(given.status, given.body, headers)
