"""Whoever typed or pressed something, and how they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slack_bolt import Respond
from slack_sdk import WebClient

from bot.answers import Answers
from bot.text import Block
from receivables.authority import Person


@dataclass(frozen=True)
class Asker:
    """A person of ours. Without a trigger no window can open: what it would show is told instead."""

    person: Person
    answers: Answers
    client: WebClient
    respond: Respond
    trigger_id: str = ""
    account: str = ""  # their id in Slack ...
    place: str = ""  # ... and the workspace, or organization, in which it is theirs

    def tell(self, text: str, blocks: Sequence[Block] = ()) -> None:
        self.answers.tell(self.respond, text, blocks)

    def show(self, view: Block) -> None:
        """Opens a window, or tells what is in it."""
        if self.trigger_id:
            self.answers.open(self.client, self.respond, self.trigger_id, view)
        else:
            self.tell(view["title"]["text"], view["blocks"])
