"""What a package says when it refuses reaches the finance team on the card and the command line, and can do no harm there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from card_people import PEOPLE
from card_states import COMPANY, a_card
from evidence_makers import LATER, a_line, an_evidence, an_invoice
from scene import Scene
from step_by_step import faulty, three_invoices

from accounting.quickbooks import faults as quickbooks
from app import wiring
from app.commands import explain, payments
from bot.cards import failure_card
from receivables.effects import Dispatch, classify
from receivables.errors import BooksError
from receivables.evidence import Refused

SAID = {
    "markup": "Ask <!channel> or <https://evil.example|dana> *now* about the cost center",
    "secrets": "No cost center; token=AB01629616862oj1SBIYYkD4qmTYCdcbh\nTraceback (most recent call last):\n  a",
    "forgery": 'No cost center".\nTXN-1: recorded \u202edeifirev\u202c \x1b[31m' + "pay again " * 200,
}
HARM = (
    "<!channel>",
    "<https:",
    "*now*",
    "AB0162",
    "Traceback",
    "\u202e",
    "\x1b",
    '". TXN-1',
    "\nTXN-1: recorded",
    "pay again " * 40,
)


def refusal(said: str) -> BooksError:
    """What QuickBooks' connector makes of it."""
    error = {"Message": "", "Detail": said, "code": "6000"}
    return quickbooks.of_write(quickbooks.fault_in({"Fault": {"Error": [error], "type": "ValidationFault"}}), 400, "tid")


@pytest.fixture(params=SAID)
def refused(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A payment that the books refused with one of the sentences, in a company that the command line finds."""
    scene = three_invoices(tmp_path)
    books = faulty(scene)

    def refuse(dispatch: Dispatch) -> list[BooksError]:
        return [refusal(SAID[request.param]) for _ in dispatch.orders]

    monkeypatch.setattr(books.inner, "write", refuse)
    scene.pay()
    scene.sync()
    house = SimpleNamespace(db=scene.db, desks=lambda _: [scene.desk], desk_of=lambda *_: scene.desk)
    monkeypatch.setattr(wiring, "open_house", lambda _: house)
    yield scene
    scene.db.close()
    scene.ledger.close()


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_card_shows_it_as_plain_text_of_some_length(said: str) -> None:
    answer = classify(refusal(said))
    evidence = an_evidence(lines=(a_line(invoice=an_invoice()),), refusal=Refused(answer.code, answer.message, LATER))
    card = failure_card(a_card(evidence), COMPANY, PEOPLE)
    for shown in (json.dumps(card.blocks, ensure_ascii=False), card.text):
        assert "cost center" in shown.lower()
        assert [] == [harm for harm in HARM if harm in shown]
        assert shown.count("QuickBooks says:") == 1


COMMANDS: dict[str, Callable[[Any, bool], None]] = {
    "failures": lambda context, as_json: payments.list_failures(context, as_json=as_json),
    "show": lambda context, as_json: payments.show(context, "TXN-1", as_json=as_json),
    "explain": lambda context, as_json: explain.explain_payment(context, "TXN-1", every=True, as_json=as_json),
}


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize("as_json", [False, True], ids=["people", "programs"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_shows_it_without_what_would_mislead(
    command: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):  # 1: a failure is open
        COMMANDS[command](SimpleNamespace(obj=None), as_json)
    shown = capsys.readouterr().out
    assert "cost center" in shown.lower()
    assert [] == [harm for harm in HARM if harm in shown]
