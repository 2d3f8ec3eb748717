"""What somebody chose together: which decisions a confirmed window stands for, so that its end is told whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage import schema
from storage.endings import Bulk
from storage.schema.decisions import NOT_CARRIED_OUT, UNDER_WAY
from storage.work import Work

NOT_RECORDED = "Resolve Now stopped before it was recorded."
_TABLE = schema.together
_TOGETHER = {  # a window that is confirmed twice says the same
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}


def note(work: Work, decision_ids: Sequence[str]) -> str:
    """Notes, before they are made, decisions that belong together; returns what they are called: the first of them."""
    subject = decision_ids[0]
    rows = [{"company": work.company, "subject": subject, "decision_id": decision_id} for decision_id in decision_ids]
    work.connection.execute(_TOGETHER[work.connection.dialect.name], rows)
    return subject


def leave_out(work: Work, subject: str, decision_ids: Collection[str]) -> None:
    """Those that were not recorded, which the person was told; with them nothing more becomes of it."""
    ours = (_TABLE.c.company == work.company, _TABLE.c.subject == subject, _TABLE.c.decision_id.in_(decision_ids))
    work.connection.execute(sa.delete(_TABLE).where(*ours))


def ended(connection: Connection, company: str, subject: str) -> Bulk:
    """What became of the payments for which one remedy was chosen together."""
    decision, payment = schema.decision, schema.payment
    its_decision = sa.and_(decision.c.company == _TABLE.c.company, decision.c.id == _TABLE.c.decision_id)
    its_payment = sa.and_(payment.c.company == decision.c.company, payment.c.transaction_number == decision.c.transaction_number)
    rows = connection.execute(
        sa.select(decision.c.remedy, decision.c.state.label("decided"), decision.c.outcome, payment.c.state)
        .select_from(_TABLE.outerjoin(decision, its_decision).outerjoin(payment, its_payment))
        .where(_TABLE.c.company == company, _TABLE.c.subject == subject)
        .order_by(decision.c.requested_at, _TABLE.c.decision_id)
    ).all()
    recorded = [row for row in rows if row.decided is not None]
    left_out = [row.outcome for row in recorded if row.decided in NOT_CARRIED_OUT]
    return Bulk(
        remedy=Remedy(recorded[0].remedy) if recorded else None,
        under_way=sum(row.decided in UNDER_WAY for row in recorded),
        states=Counter(PaymentState(row.state) for row in recorded),
        left_out=[*left_out, *[NOT_RECORDED] * (len(rows) - len(recorded))],
    )
