"""What reading a payment file found: how much is wrong with it, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from receivables.company import Company
from receivables.errors import FeedProblem
from receivables.words import counted

MOST_PROBLEMS = 1_000  # kept and shown; nobody corrects more by hand
FEW_CARD_LINES = 3  # one long number in ten passes for a card's by chance: with more of them a person is asked
WHOLE_LINE = "whole line"
WHOLE_FILE = "file"


class Unreadable(Exception):
    """Reading cannot go on after this problem."""

    def __init__(self, problem: FeedProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class Findings:
    """What one pass found. `damaged` means the file itself is wrong, so that no line of it can be trusted."""

    count: int = 0
    wrong_lines: int = 0
    card_lines: int = 0  # with a number that looks like a card number
    damaged: bool = False
    problems: list[FeedProblem] = field(default_factory=list)
    problem_count: int = 0

    def add(self, problem: FeedProblem, *, damaged: bool = False) -> None:
        self.problem_count += 1
        self.damaged = self.damaged or damaged
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def unreadable(line: int, column: str, message: str, remedy: str) -> Unreadable:
    return Unreadable(FeedProblem(line, column, message, remedy))


def summary_of(name: str, findings: Findings) -> str:
    """All that was found, in a sentence with the first problem."""
    count, kept = findings.problem_count, len(findings.problems)
    more = f" (the first {kept:,} are listed, {count - kept:,} more are not)" if count > kept else ""
    return f"{name} has {counted(count, 'problem')}{more}; nothing was taken in. First: {findings.problems[0]}"


def about_cards(findings: Findings, not_cards: bool) -> str:
    """What to do where many numbers look like card numbers, in a sentence; "" where few do, or a person has said it."""
    if not_cards or findings.card_lines <= FEW_CARD_LINES:
        return ""
    return (
        f"Numbers on {findings.card_lines:,} lines look like card numbers. Where they are the portal's own numbers, import the "
        "file again with --numbers-are-not-cards; that is put on record for this file"
    )


def went_back_later(
    line: int, column: str, written: str, at: datetime | None, company: Company, today: date | None
) -> FeedProblem | None:
    """That money cannot have gone back at this moment yet, shown as `written`, where `today` is the company's day; else None."""
    if at is None or today is None or company.day_of(at) <= today:
        return None
    remedy = "Correct the day, or import the line once the money went back"
    return FeedProblem(line, column, f"{written} is after today, {today.isoformat()}", remedy)
