"""Whose payment it is, where several companies are served: named on cards, lists and windows, and asked where it is unclear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Sized
from typing import Any

from bot.cards import Message
from bot.rooms import Channel
from bot.text import Block, button, context, fallback, of_payment
from receivables.company import Company
from receivables.words import plain

ANSWERED = re.compile(r"which_company:\d+")  # of each button that answers the question
COMPANIES_AT_MOST = 20  # Slack takes 25 buttons in a row
COMPANY_AT_MOST = 60


def naming_its_company(message: Message, channel: Channel, among: Sized = ()) -> Message:
    """The card, with its company named where the channel serves another one too, or its one reader sees several."""
    if not channel.is_shared and len(among) < 2:
        return message
    company = plain(channel.company.name, COMPANY_AT_MOST)
    head, *rest = message.blocks
    named, text = context(f"Company: {company}"), fallback(f"{company}: {message.text}")
    if rest and rest[-1]["type"] == "context":  # the first line of its small print, so that the card stays as tall
        small = {**rest[-1], "elements": [*named["elements"], *rest[-1]["elements"]]}
        return Message(text, [head, *rest[:-1], small])
    return Message(text, [head, named, *rest])


def whose(company: Company, among: Sized) -> str:
    """What a line about a payment ends with, where a person sees several companies."""
    return f" · {plain(company.name, COMPANY_AT_MOST)}" if len(among) > 1 else ""


def window_naming(view: Block, company: Company, among: Sized) -> Block:
    """The window, with the company named at its top, where a person sees several."""
    if len(among) < 2:
        return view
    return {**view, "blocks": [context(f"Company: {plain(company.name, COMPANY_AT_MOST)}"), *view["blocks"]]}


def question(verb: str, number: str, companies: Sequence[Company]) -> tuple[str, list[Block]]:
    """Which company is meant? A button for each; its value says what was asked for."""
    several = companies[:COMPANIES_AT_MOST]
    names = " or ".join(plain(company.name, COMPANY_AT_MOST) for company in several)
    buttons = [
        button(f"which_company:{place}", plain(company.name, COMPANY_AT_MOST), f"{verb} {company.id} {number}")
        for place, company in enumerate(several)
    ]
    text = f"{of_payment(number)} is in {len(several)} companies. Which one: {names}?"
    return text, [{"type": "actions", "elements": buttons}]


def answered(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """(verb, company, number), as the button that was pressed says."""
    verb, _, rest = str(body["actions"][0].get("value") or "").partition(" ")
    company, _, number = rest.partition(" ")
    return verb, company, number
