"""A small life, played once before our programs are forked: commands, rules and statements are put together once for all.

Imported by the process that `warm.py` forks from, and by nothing else. It leaves no file, no connection and no thread.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import garbage
import templates
from scene import a_scene

from app.main import COMMANDS, command, loaded
from receivables.diagnosis import Remedy
from sync import reconciliation


def _live(folder: Path) -> None:
    """One payment is posted, one fails by a credit memo that is taken off, one names nothing."""
    scene = a_scene(folder)
    hooli = scene.customer()
    for number in ("1042", "1043"):
        scene.invoice(number, hooli, 50_000)
    scene.pay("TXN-1")
    scene.sync()
    scene.pay("TXN-2", to={"1043": 50_000})
    memo = scene.ledger.add_credit_memo("CM-1", hooli.id, 10_000, "USD", date(2026, 3, 4), by="robin")
    scene.ledger.apply_credit(memo.id, scene.ledger.invoices()[-1].id, 10_000, by="robin")
    scene.pay("TXN-3", to={"9999": 50_000})
    scene.sync()
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO, "TXN-2")
    scene.sync()
    reconciliation.run_once(scene.desk)
    scene.db.close()
    scene.ledger.close()


command()
for name in COMMANDS:
    loaded(name)
with TemporaryDirectory(dir=templates.memory()) as made:
    _live(Path(made))
garbage.leave_alone_what_is_there()
