"""Writes docs/causes.md: every cause in the words of its rules, under the titles that the cards use.

Run from the checkout: `PYTHONPATH=. .venv/bin/python docs/causes.py`. A test fails where the page is not up to date.
"""

from __future__ import annotations

from pathlib import Path

from rules.causes_page import page

if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
