"""A write that the books keep putting off is told of: it goes on being sent, but not in silence.

Reads: what the books answered to a write that was definitely not done. Leaves: after some tries an open failure that quotes
them, while the payment stays under way; it ends by itself when a try lands. Never: for books that only asked us to slow down,
or for a write that was not asked for at all.
"""

from __future__ import annotations

from datetime import timedelta

import rules
from receivables.effects import Answer, EffectState
from receivables.errors import BooksUnavailable, NotSent, Throttled
from receivables.payment import PaymentState
from storage import effects, failures, payments
from storage.effects import StoredEffect
from storage.work import Work

TRIES_IN_SILENCE = 5  # with the pauses between them about ten minutes: a package that is only busy for a moment takes it by then
SILENT_FOR = timedelta(hours=1)  # where syncs are rare, fewer tries take as long as anybody should not know of it
NOT_TAKEN = "not_taken"  # why such a failure is opened: the fact that it rests on


def tell(work: Work, effect: StoredEffect, answer: Answer) -> None:
    """Opens the failure, once, where this answer is one too many."""
    if not isinstance(answer, BooksUnavailable) or isinstance(answer, Throttled | NotSent):
        return
    # What rests longer than its facts hold is planned anew, under another key: those tries count as well.
    chain = effects.of_payments(work.connection, work.company, [effect.transaction_number])[effect.transaction_number]
    waiting = (EffectState.PLANNED, EffectState.REFUSED_STALE)
    alike = [of for of in chain if of.sendings and of.state in waiting and (of.kind, of.part) == (effect.kind, effect.part)]
    tries, since = sum(of.sendings for of in alike), min((of.planned_at for of in alike), default=work.at)
    if tries < TRIES_IN_SILENCE and (tries < 2 or work.at - since < SILENT_FOR):
        return
    stored = payments.find(work.connection, work.company, effect.transaction_number)
    known = failures.open_of(work.connection, work.company, effect.transaction_number)
    if stored is None or stored.state is PaymentState.DISMISSED or (known and known.opened_because == NOT_TAKEN):
        return
    told = rules.put_off(stored.payment, tries, answer.message, work.at)
    failures.open_intake(work, stored.payment, told, because=NOT_TAKEN, about="payment")
