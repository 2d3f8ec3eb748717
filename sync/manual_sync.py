"""What a sync that a person starts waits for, and what it does not.

It does not wait out the rest after books that were unavailable: the person knows that they are back. It waits while nobody
knows whether something reached the books, until the books have told: only a process that watches a whole settle window can
prove that a write never arrived, so one that ends at once would leave it to the next one for ever. Reads: what is in flight.
Leaves: what the journey leaves. Never: a wait without end.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from receivables.effects import EffectState
from receivables.errors import BooksUnavailable
from receivables.words import counted
from storage import effects, sending
from sync import journey
from sync.desk import Desk
from sync.effects import LEASE_SECONDS, LOOK_SECONDS, SEND_SECONDS
from sync.journey import JourneyCounts, Progress

LOOK_AGAIN_SECONDS = 1.0


def cut_short(desk: Desk) -> None:
    """What rests because the books were unavailable is tried now. A pause that the books themselves asked for stays."""
    with desk.work() as work:
        sending.due_now(work, resting_after=BooksUnavailable.code)


def why_not_sent(desk: Desk) -> str:
    """Why something that was to be sent was not taken and waits for the next sync, in the books' words; "" where all was."""
    with desk.db.read() as connection:
        return sending.why_not_sent(connection, desk.company.id)


def unknown(desk: Desk) -> int:
    """How many writes may be in the books and may not. What is there several times waits for a person instead."""
    with desk.db.read() as connection:
        out = effects.in_flight(connection, desk.company.id)
    return sum(effect.state is not EffectState.NEEDS_PERSON for effect in out)


def longest_seconds(desk: Desk) -> float:
    """After so long the books have told, unless another process sends again: a dead one's lease, and the whole window."""
    return LEASE_SECONDS + SEND_SECONDS + desk.books.traits.settle_seconds + LOOK_SECONDS[-1]


def until_known(
    desk: Desk, counts: JourneyCounts, progress: Progress, say: Progress, pause: Callable[[float], None] = time.sleep
) -> None:
    """Waits until nothing is unknown any more, adding to `counts` what came of it; then what is to be posted again is.

    `say` is told once that it waits. Books that cannot be reached end the wait: `counts.problem` says why.
    """
    if counts.problem or not (waiting := unknown(desk)):
        return
    say(
        f"{desk.company.name}: nobody knows yet whether {counted(waiting, 'write')} reached the books. Waiting at most "
        f"{longest_seconds(desk):.0f} seconds for the books to tell; --no-wait leaves that to the next sync."
    )
    ends = desk.watch.moment() + longest_seconds(desk)
    while not counts.problem and waiting and (left := ends - desk.watch.moment()) > 0:
        progress(f"waiting for the books to tell about {counted(waiting, 'write')}: {left:.0f} s at most")
        pause(LOOK_AGAIN_SECONDS)
        counts.add(journey.finish_once(desk))
        waiting = unknown(desk)
    if not counts.problem:
        counts.add(journey.run(desk, progress))
