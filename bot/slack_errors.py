"""What Slack's answers mean for a message: sent, certainly not sent, perhaps sent, or never to be sent."""

from __future__ import annotations

from enum import StrEnum

from slack_sdk.errors import SlackApiError


class Trouble(StrEnum):
    """What to do about a failed call."""

    LATER = "later"  # certainly not posted; try again
    UNKNOWN = "unknown"  # may have been posted; look before trying again
    GONE = "gone"  # the message to rewrite is not there any more; post a new one
    GIVE_UP = "give_up"  # this message will never go there
    STOP = "stop"  # nothing can be sent until somebody mends the app's access


_STOP = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "org_login_required"}
)
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
_GIVE_UP = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "msg_too_long",
        "no_text",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_arguments",
        "msg_blocks_too_long",
    }
)
_LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"})

RATE_LIMITED_SECONDS = 30.0  # where Slack does not say how long


def trouble_of(error: Exception) -> tuple[Trouble, float, str]:
    """(what to do, seconds to wait, words for the log). Whatever is not known here may have been posted."""
    if not isinstance(error, SlackApiError):
        return Trouble.UNKNOWN, 5.0, type(error).__name__
    response = error.response
    code = str(response.get("error", "")) if isinstance(response.data, dict) else ""
    if response.status_code == 429 or code in ("ratelimited", "rate_limited"):
        return Trouble.LATER, float(response.headers.get("Retry-After", RATE_LIMITED_SECONDS)), "ratelimited"
    if code in _STOP:
        return Trouble.STOP, 60.0, code
    if code in _GONE:
        return Trouble.GONE, 0.0, code
    if code in _GIVE_UP:
        return Trouble.GIVE_UP, 0.0, code
    if code in _LATER:
        return Trouble.LATER, 5.0, code
    return Trouble.UNKNOWN, 5.0, code or f"HTTP {response.status_code}"
