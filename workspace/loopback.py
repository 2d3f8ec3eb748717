"""Keeps the practice workspace on this machine: it listens only here, and answers only pages it served itself.

A page from elsewhere in the same browser could otherwise press buttons here, by calling 127.0.0.1 itself or by
pointing its own name at it. So the Host must be ours on everything, and an Origin, where there is one, too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping


def require(host: str) -> None:
    """Raises ValueError when the host is not this machine."""
    if not is_loopback(host):
        raise ValueError(f"the practice workspace stays on this machine; {host!r} is not a loopback address such as 127.0.0.1")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def objection(headers: Mapping[str, str], port: int, *, from_the_page: bool) -> str:
    """Why a request is refused, or "". What only the page calls (`from_the_page`) must say where it comes from."""
    names = ("127.0.0.1", "localhost", "[::1]")
    host = headers.get("host", "").lower()
    # slack_sdk's Socket Mode client leaves the port out; it is the name that a stranger's page cannot have.
    if host not in names and host not in {f"{name}:{port}" for name in names}:
        return "wrong Host"
    origin = headers.get("origin", "").lower()
    if origin and origin not in {f"http://{name}:{port}" for name in names}:
        return "wrong Origin"
    if not origin and from_the_page:
        return "no Origin"
    following_a_link = headers.get("sec-fetch-mode") == "navigate" and not origin
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not following_a_link:
        return "another site"
    return ""
