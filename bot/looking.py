"""What somebody looks at on their Home tab: it is in the view itself, and changes with what they press there. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

SEARCH_AT_MOST = 200
#: What may be pressed there besides what cards have; after a slash, which of several.
TURN, CHOSEN, TYPED, AGAIN = "home_page", "home_company", "home_search", "home_again"
CLEAR = f"{TYPED}/clear"


@dataclass(frozen=True)
class Looking:
    """What somebody looks at: a company, a page of its failures, or a search."""

    company: str = ""
    page: int = 1
    search: str = ""

    @classmethod
    def read(cls, view: Mapping[str, Any]) -> Looking:
        """As the view says that was published last; from the beginning where it says nothing."""
        try:
            held = json.loads(str(view.get("private_metadata") or "{}"))
            return cls(str(held["company"]), max(1, int(held["page"])), str(held["search"])[:SEARCH_AT_MOST])
        except (ValueError, KeyError, TypeError):
            return cls()

    def after(self, action: Mapping[str, Any]) -> Looking:
        """What is looked at after something of the page's own was pressed."""
        pressed, value = str(action.get("action_id") or ""), str(action.get("value") or "")
        what = pressed.partition("/")[0]
        if what == CHOSEN:
            return Looking(str((action.get("selected_option") or {}).get("value") or ""))
        if what == TYPED:
            return replace(self, page=1, search="" if pressed == CLEAR else " ".join(value.split())[:SEARCH_AT_MOST])
        if what == TURN and value.isdecimal():
            return replace(self, page=max(1, int(value)))
        return self
