"""What only one person is shown: at the reply address, and where that fails in the channel or as a direct message.

The reply address is that of what they pressed or typed. It is tried again where Slack has no room just now, a bounded number
of times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt import BoltContext, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.people import pressed_by
from receivables.ports import Clock

REPLY_SECONDS = 5  # for one call of the reply address
TRIED_AGAIN = 2  # times, about a second apart
_ANOTHER_WAY = frozenset({"user_not_in_channel", "not_in_channel", "channel_not_found", "is_archived", "restricted_action"})

log = structlog.get_logger()


class Reply(Respond):
    """Bolt's own `respond`, which does not lose what it was given. It knows who pressed, where, and how long ago."""

    def __init__(self, client: WebClient, body: Mapping[str, Any], clock: Clock, *, response_url: str | None) -> None:
        super().__init__(response_url=response_url, proxy=client.proxy, ssl=client.ssl)
        self._client, self._clock, self._since = client, clock, clock.monotonic()
        event = body.get("event") or {}
        self.pressed = pressed_by(body)
        self.account = self.pressed.user
        self.channel = str((body.get("channel") or {}).get("id") or body.get("channel_id") or "")
        self._thread = ""
        if event.get("type") == "app_mention":  # what is asked directly is answered directly
            self.channel, self._thread = str(event.get("channel") or ""), str(event.get("thread_ts") or "")

    @property
    def waited_seconds(self) -> float:
        """Since it was pressed, as far as this process knows."""
        return self._clock.monotonic() - self._since

    def __call__(self, text: Any = "", blocks: Any = None, **more: Any) -> Any:  # type: ignore[override]
        """Shows it where it was pressed. Raises SlackApiError or OSError where no way was left."""
        if self.response_url is None or not self._at_the_address({"text": text, "blocks": blocks, **more}):
            show(self._client, self.channel, self.account, text, blocks or (), thread=self._thread)

    def _at_the_address(self, said: Mapping[str, Any]) -> bool:
        try:
            answered: WebhookResponse = self._address().send_dict(
                {name: given for name, given in said.items() if given is not None}
            )
        except OSError as error:
            log.warning("reply_address_silent", error=type(error).__name__)
            return False
        if answered.status_code != 200:
            log.warning("reply_address_refused", status=answered.status_code)
        return answered.status_code == 200

    def _address(self) -> WebhookClient:
        again = [
            ConnectionErrorRetryHandler(max_retry_count=TRIED_AGAIN),
            ServerErrorRetryHandler(max_retry_count=TRIED_AGAIN),
            RateLimitErrorRetryHandler(max_retry_count=1),
        ]
        address = self.response_url or ""
        return WebhookClient(address, REPLY_SECONDS, self.ssl, self.proxy, retry_handlers=again)


def show(client: WebClient, channel: str, account: str, text: str, blocks: Sequence[dict[str, Any]], *, thread: str = "") -> None:
    """Shows it in the channel to this person alone; where they or we are not there, as a direct message."""
    if channel:
        try:
            client.chat_postEphemeral(channel=channel, user=account, text=text, blocks=blocks, thread_ts=thread or None)
        except SlackApiError as error:
            if error.response.get("error") not in _ANOTHER_WAY:
                raise
        else:
            return
    client.chat_postMessage(channel=account, text=text, blocks=blocks, unfurl_links=False, unfurl_media=False)


def with_replies(clock: Clock) -> Callable[[BoltContext, Mapping[str, Any], Callable[[], BoltResponse]], BoltResponse]:
    """A middleware: every listener's `respond` is a `Reply`."""

    def remembered(context: BoltContext, body: Mapping[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse:
        context["respond"] = Reply(context.client, body, clock, response_url=context.response_url)
        return next()

    return remembered
