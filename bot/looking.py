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
        match str(action.get("action_id") or "").partition("/")[0]:
            case "home_company":
                return Looking(str((action.get("selected_option") or {}).get("value") or ""))
            case "home_search" if action.get("action_id") == CLEAR:
                return replace(self, page=1, search="")
            case "home_search":
                return replace(self, page=1, search=" ".join(str(action.get("value") or "").split())[:SEARCH_AT_MOST])
            case "home_page" if (to := str(action.get("value") or "")).isdecimal():
                return replace(self, page=max(1, int(to)))
        return self
