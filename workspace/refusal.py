"""How the practice workspace says no: with the error names that Slack itself uses.

The names come from Slack's published method pages; a bot must meet here what it would meet there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]  # Slack's own documents, kept and handed on as they are


class Refusal(Exception):
    """A Web API call that Slack would refuse. `error` is Slack's name for it."""

    def __init__(
        self,
        error: str,
        *,
        problems: Sequence[str] = (),
        status: int = 200,
        headers: dict[str, str] | None = None,
        more: Json | None = None,
    ) -> None:
        super().__init__(error)
        self._more = more or {}
        self.error = error
        self.problems = tuple(problems)
        self.status = status
        self.headers = headers or {}

    def answer(self) -> Json:
        """The body of the answer, with Slack's two spellings of the same list of problems."""
        body: Json = {"ok": False, "error": self.error, **self._more}
        if self.problems:
            if self.error == "invalid_blocks":
                body["errors"] = list(self.problems)
            body["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return body


class Undelivered(Exception):
    """The app did not take what a person did; `reason` is Slack's word, `sentence` is for the page."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = sentence
