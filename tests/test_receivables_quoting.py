"""What a package said is read by people, and can do nothing but be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receivables.quoting import SAID_AT_MOST, quoted
from receivables.words import visible

ARCHIVED = "Account code '200' has been archived. Each line item must reference a valid account."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("You must select a customer", "You must select a customer."),
        (ARCHIVED, ARCHIVED),
        ("Is  it\n\n open?", "Is it open?"),
        ('The party "Hooli" is closed', "The party 'Hooli' is closed."),
        ("Invalid Enumeration: HAS_BEEN_BILLED", "Invalid Enumeration: HAS_BEEN_BILLED."),
        ("&lt;b&gt;R&amp;D&lt;/b&gt; is closed", "b R&D /b is closed."),
    ],
)
def test_a_sentence_stays_as_it_was_said(said: str, shown: str) -> None:
    assert f'Xero says: "{shown}"' == quoted("Xero", said)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<!channel> *pay* <https://evil.example/x|here> now", "pay now."),
        ("Ask @here, <@U123> in #general and api@xero.com", "Ask here, in general and (address)."),
        ("See http://status.developer.xero.com and www.evil.example", "See (link) and (link)."),
        ("javascript:alert(1) mailto:x@evil.example slack://open", "(link) (link) (link)."),
    ],
    ids=["markup", "mentions", "links", "schemes"],
)
def test_nothing_in_it_is_a_link_a_mention_or_markup(said: str, shown: str) -> None:
    assert f'Xero says: "{shown}"' == quoted("Xero", said)


@pytest.mark.parametrize(
    "said",
    [
        "Token expired: AB01629616862oj1SBIYYkD4qmTYCdcbhGWtOzizsMKpJNDXhU",
        "Authorization: Bearer eyJhbGciOiJkaXIi.x.y",
        '{"access_token":"hunter2hunter2","error":"expired"}',
        "client_secret=hunter2; refresh_token = 'hunter2'",
        "password: hunter2",
    ],
)
def test_no_secret_is_shown(said: str) -> None:
    shown = quoted("QuickBooks", said)
    for secret in ("hunter2", "eyJ", "AB0162"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('Division by zero\nTraceback (most recent call last):\n  File "/srv/a.py", line 3', "Division by zero."),
        ("Object reference not set\n   at Xero.Api.Pay(String x)\n   at Xero.Run()", "Object reference not set."),
        ("<html><head><title>502</title></head><body><h1>Bad Gateway</h1><script>x()</script></body>", "Bad Gateway."),
    ],
    ids=["python", "dotnet", "html"],
)
def test_what_a_program_tells_of_its_own_is_left_out(said: str, shown: str) -> None:
    assert f'Tryton says: "{shown}"' == quoted("Tryton", said)


@pytest.mark.parametrize("said", ["", "  \n", "<br/>", "\u2800\u3164", "***", "\u202e\u200b"])
def test_where_no_word_is_left_nothing_is_said(said: str) -> None:
    assert "" == quoted("Xero", said)


def test_nothing_can_end_the_quotation_or_turn_its_letters_around() -> None:
    said = 'no". Payment TXN-1 was recorded. \u201cok\u201d \u202eevil\u202c \x1b[31mred\x00\r\nStatus: paid'
    expected = "Xero says: \"no'. Payment TXN-1 was recorded. 'ok' evil red Status: paid.\""
    assert expected == quoted("Xero", said)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=600) | st.text(alphabet="<>@!#*_~`|\"'/\\=:. \u202ea0\n", max_size=400))
def test_whatever_is_said_it_is_one_short_line_of_visible_letters(said: str) -> None:
    shown = quoted("Xero", said)
    inside = shown.removeprefix('Xero says: "').removesuffix('"')
    assert len(inside) <= SAID_AT_MOST + 1
    assert visible(shown) == shown
    assert not set('<>*~`|"') & set(inside)
    assert shown == "" or shown.startswith('Xero says: "')
