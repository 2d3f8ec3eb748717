"""What a person is told after a press or a command, and the windows they open, all in threads of its own.

Neither a slow Slack nor a long search delays a press that decides: whoever listens goes on to the next press. Nothing
done here ends without a word to the person.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.replies import Reply
from bot.slack_errors import trouble_of
from bot.text import Block, answer
from receivables.errors import ReceivablesError
from storage.feeds import DATABASE_SILENT

ANSWERING = 8  # at a time; each call of Slack ends after seconds
ASIDE = 32  # windows, searches and lists at a time
IN_TIME_SECONDS = 2.5  # Slack shows a warning sign, and forgets that a window was asked for, three seconds after the press
OPEN_SECONDS = 2.0  # for Slack to open a window
LEAST_SECONDS = 0.3  # a window that has less time left is not asked for
WINDOWS_REMEMBERED = 200
NOT_OPENED = "The window did not open. Nothing was changed. Press again."
#: Said where our own database gave no turn in time: the person knows that nothing is on record, and Slack shows no error.
BUSY = "Resolve Now is busy: this was not recorded. Press again in a moment."
RECORDED = "Recorded. It will be carried out within seconds, and the card will show the result."
FAILED = "Something went wrong in Resolve Now. Look at the card: if it does not show your choice, press again."

log = structlog.get_logger()


class Answers:
    """Tells people and opens windows, each in its turn."""

    def __init__(self) -> None:
        self._telling = ThreadPoolExecutor(ANSWERING, thread_name_prefix="slack-answer")
        self._aside = ThreadPoolExecutor(ASIDE, thread_name_prefix="slack-aside")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="slack-at-length")
        self._chosen = _Newest()

    def tell(self, respond: Respond, text: str, blocks: Sequence[Block] = ()) -> None:
        """Only to the person who pressed or typed."""
        self._telling.submit(_logged(lambda: answer(respond, text, blocks)))

    def later(self, respond: Respond, do: Callable[[], object]) -> None:
        """Does what decides nothing, and says what came in its way."""
        self._aside.submit(self._said(respond, do))

    def at_length(self, respond: Respond, do: Callable[[], object]) -> None:
        """The same for what takes minutes, one after the other: windows and searches have threads of their own."""
        self._long.submit(self._said(respond, do))

    def _said(self, respond: Respond, do: Callable[[], object]) -> Callable[[], None]:

        def done() -> None:
            try:
                do()
            except ReceivablesError as error:
                self.tell(respond, error.message)
            except DATABASE_SILENT as error:
                not_recorded(error)
                self.tell(respond, BUSY)
            except Exception:
                self.tell(respond, FAILED)
                log.exception("not_answered")

        return done

    def aside(self, listener: Callable[..., object]) -> Callable[..., None]:
        """A listener that decides nothing: acknowledged at once, then done like `later`. It takes `ack` and `respond`."""

        @functools.wraps(listener)
        def acknowledged(**given: Any) -> None:
            given["ack"]()
            self.later(given["respond"], lambda: listener(**given))

        return acknowledged

    def open(self, client: WebClient, respond: Respond, trigger_id: str, view: Block) -> None:
        """Opens a window, or says that it did not open; in either case in time."""
        left = min(OPEN_SECONDS, IN_TIME_SECONDS - waited_seconds(respond))
        try:
            if left < LEAST_SECONDS:
                raise TimeoutError
            _hasty(client, left).views_open(trigger_id=trigger_id, view=view)
        except (SlackClientError, OSError) as error:
            log.warning("window_not_opened", error=trouble_of(error).word)
            self.tell(respond, NOT_OPENED)

    def chosen(self, view_id: str, moment: str) -> Callable[[], bool]:
        """Notes that something was chosen in a window at this moment; what is returned says whether nothing newer was since."""
        return self._chosen.note(view_id, moment)

    def update(self, window: Window, view: Block) -> None:
        """Shows an open window anew. Where it changed meanwhile, the newest choice is drawn over whatever it shows."""
        for expected in (window.hash, None):
            if not window.is_newest():
                return
            try:
                _hasty(window.client, OPEN_SECONDS).views_update(view_id=window.id, hash=expected, view=view)
            except SlackApiError as error:
                if error.response.get("error") == "hash_conflict":
                    continue
                self._not_redrawn(window.respond, error)
            except (SlackClientError, OSError) as error:
                self._not_redrawn(window.respond, error)
            return

    def _not_redrawn(self, respond: Respond, error: Exception) -> None:
        """Said where the window still stands; it refuses what it does not show, so nothing wrong can be confirmed in it."""
        words = trouble_of(error).word
        log.warning("window_not_redrawn", error=words)
        if words not in ("not_found", "view_not_found"):  # the person closed it
            self.tell(respond, "The window did not change. Choose again in it.")

    def stop(self) -> None:
        """What is under way is finished, but for what takes minutes."""
        self._long.shutdown(wait=False, cancel_futures=True)
        self._aside.shutdown()
        self._telling.shutdown()


@dataclass(frozen=True)
class Window:
    """One that is open, as it was when something was chosen in it."""

    client: WebClient
    respond: Respond
    id: str
    hash: str | None
    is_newest: Callable[[], bool]  # whether nothing was chosen in it since


class _Newest:
    """Which choice in each open window is the newest, by Slack's own moments."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._moments: OrderedDict[str, str] = OrderedDict()

    def note(self, view_id: str, moment: str) -> Callable[[], bool]:
        with self._turn:
            self._moments[view_id] = max(moment, self._moments.pop(view_id, ""))
            while len(self._moments) > WINDOWS_REMEMBERED:
                self._moments.popitem(last=False)

        def is_newest() -> bool:
            with self._turn:
                return self._moments.get(view_id, moment) == moment

        return is_newest


def waited_seconds(respond: Respond) -> float:
    """Since the press, as far as this process knows."""
    return respond.waited_seconds if isinstance(respond, Reply) else 0.0


def not_recorded(error: BaseException) -> None:
    log.warning("press_not_recorded", error=type(error).__name__)


def _hasty(client: WebClient, seconds: float) -> WebClient:
    """The same client, for a call whose answer is of no use later."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=seconds,  # type: ignore[arg-type]  # a socket takes parts of a second
        ssl=client.ssl,
        proxy=client.proxy,
        headers=client.headers,
        retry_handlers=[],
    )


def _logged(do: Callable[[], object]) -> Callable[[], None]:
    def done() -> None:
        try:
            do()
        except (SlackClientError, OSError) as error:
            log.warning("not_answered", error=trouble_of(error).word)

    return done
