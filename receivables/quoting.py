"""What a package said, made safe to be read by people: on a card, in a message, on the command line and in a file.

Only its words stay. Markup, links, mentions, secrets and whatever a program tells of its own lines are left out, nothing in
it can end the quotation or forge a line, and it has a limit.
"""

from __future__ import annotations

import re
from html import unescape

from receivables.words import plain, visible

SAID_AT_MOST = 240  # characters of what a package said
MESSAGE_AT_MOST = 400  # of our own words with a quotation in them
READ_AT_MOST = 4_000  # characters that are looked at

#: What people would not see on a page: scripts, styles, remarks.
_UNSEEN = re.compile(r"<(script|style|head)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<[!/?a-z#@][^<>]{0,500}>", re.IGNORECASE)
#: Where a program begins to tell of its own lines, as Python, Java, .NET and JavaScript do.
_TRACE = re.compile(
    r"Traceback \(most recent|^\s*File \"[^\"]*\", line|^\s*at [\w$.<>]+\s?\(|\bat \w+(\.[\w$<>]+)+\(", re.MULTILINE
)
_SECRETS = r"[\w-]*(token|secret|password|passwd|authorization|api[_-]?key|client[_-]?id|session|cookie)\w*"
#: What is no word of a sentence, with what stands for it. The name of a secret and its value go together.
_NOT_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"\x1b\[[0-9;?]*[a-z]?", ""),
        (r"\b(https?|ftp|file|javascript|data|mailto|slack):\S+|\bwww\.\S+", "(link)"),
        (r"\b(bearer|basic)\s+[\w+/=.-]{8,}", "(secret)"),
        (rf"{_SECRETS}[\"']?\s*[:=]\s*[\"']?[^\s,;\"']+", "(secret)"),
        (r"(?=[\w+/=.-]*[0-9])[\w+/=.-]{24,}", "(…)"),
        (r"[\w.+-]+@[\w-]+(\.[\w-]+)+", "(address)"),
        (r"[@#!](?=\w)", ""),
        (r"[<>*~`|\\^{}]+|(?<!\w)_+|_+(?!\w)", " "),
        ('["\u201c\u201d\u201e\u00ab\u00bb]', "'"),
    )
)


def quoted(package: str, text: str) -> str:
    """`Xero says: "…"` in one line, or "" where no word is left of it."""
    said = unescape(unescape(_MARKUP.sub(" ", _UNSEEN.sub(" ", text[:READ_AT_MOST]))))
    said = _TRACE.split(said, maxsplit=1)[0]
    for pattern, instead in _NOT_WORDS:
        said = pattern.sub(instead, said)
    said = plain("".join(letter if visible(letter) == letter else " " for letter in said).strip(" ,;:-"), SAID_AT_MOST)
    if not any(letter.isalnum() for letter in said):
        return ""
    return f'{package} says: "{ended(said)}"'


def ended(sentence: str) -> str:
    """The sentence with its end, where it lacks one."""
    return sentence if sentence.endswith((".", "!", "?", "…", '"')) else f"{sentence}."
