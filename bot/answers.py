"""What a person is told after a press or a command, sent by threads of its own: a slow answer of Slack delays no press.

Whoever listens has acknowledged already and goes on to the next press. A window that Slack did not open is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import structlog
from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.slack_errors import trouble_of
from bot.text import Block, answer

ANSWERING = 8  # at a time; each call of Slack ends after ten seconds
NOT_OPENED = "Slack did not open the window. Nothing was changed; press again."
#: Said where our own database gave no turn in time: the person knows that nothing is on record, and Slack shows no error.
BUSY = "Resolve Now is busy: this was not recorded. Press again in a moment."

log = structlog.get_logger()


class Answers:
    """Tells people and opens windows, each in its turn."""

    def __init__(self, threads: Executor | None = None) -> None:
        self._threads = threads or ThreadPoolExecutor(ANSWERING, thread_name_prefix="slack-answer")

    def tell(self, respond: Respond, text: str, blocks: Sequence[Block] = ()) -> None:
        """Only to the person who pressed or typed."""
        self._later(lambda: answer(respond, text, blocks))

    def open(self, client: WebClient, respond: Respond, trigger_id: str, view: Block) -> None:
        """Opens a window, or says that Slack did not."""

        def opened() -> None:
            try:
                client.views_open(trigger_id=trigger_id, view=view)
            except (SlackClientError, OSError) as error:
                log.warning("window_not_opened", error=trouble_of(error)[2])
                answer(respond, NOT_OPENED)

        self._later(opened)

    def update(self, client: WebClient, view_id: str, hash_: str | None, view: Block) -> None:
        """Shows an open window anew; one that the person changed or closed meanwhile stays as it is."""
        self._later(lambda: client.views_update(view_id=view_id, hash=hash_, view=view))

    def stop(self) -> None:
        """What is under way is finished."""
        self._threads.shutdown()

    def _later(self, do: Callable[[], object]) -> None:
        def done() -> None:
            try:
                do()
            except (SlackClientError, OSError) as error:
                log.warning("not_answered", error=trouble_of(error)[2])

        self._threads.submit(done)
