"""What Slack's answers mean for a message: whom they concern, whether it may have been posted, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slack_sdk.errors import SlackApiError, SlackClientError


class Trouble(StrEnum):
    """What a failed call says, by what has to change before the next one can succeed."""

    WAIT = "wait"  # Slack says how long
    AWAY = "away"  # Slack does not answer
    ACCESS = "access"  # nothing can be sent anywhere until somebody mends the app's access
    CHANNEL = "channel"  # this channel takes nothing until somebody invites the bot, unarchives it, or grants a scope
    CONTENT = "content"  # the message itself is refused; a plainer one may pass
    GONE = "gone"  # the message to rewrite is not there any more; post a new one
    UNKNOWN = "unknown"  # a word that is not known here


class NoMember(SlackClientError):
    """Slack knows the address, but not as the confirmed one of a full member: nothing goes there."""


@dataclass(frozen=True)
class Answer:
    """A failed call. Whatever is not known for certain may have been posted."""

    trouble: Trouble
    word: str  # Slack's own, for the log and for whoever has to mend it
    never_left: bool = True  # Slack certainly has nothing of the message
    seconds: float = 0.0  # to wait, where Slack says so


_WORDS = {
    Trouble.ACCESS: (
        "invalid_auth not_authed account_inactive token_revoked token_expired org_login_required access_denied "
        "not_allowed_token_type"
    ),
    Trouble.GONE: "message_not_found cant_update_message edit_window_closed thread_not_found cannot_reply_to_message",
    Trouble.CHANNEL: (
        "channel_not_found not_in_channel is_archived is_inactive restricted_action restricted_action_read_only_channel "
        "restricted_action_thread_only_channel restricted_action_non_threadable_channel restricted_action_thread_locked "
        "missing_scope no_permission team_access_not_granted team_not_found ekm_access_denied messages_tab_disabled "
        "user_not_found users_not_found user_not_visible user_disabled cannot_dm_bot"
    ),
    Trouble.CONTENT: (
        "invalid_blocks invalid_blocks_format invalid_arguments msg_too_long msg_blocks_too_long no_text "
        "metadata_too_large invalid_metadata_format invalid_metadata_schema"
    ),
    Trouble.AWAY: "service_unavailable request_timeout team_added_to_org",
}
#: The words of these for somebody who gets no direct message: no account, a deactivated one, or one that is no person's.
NOBODY_THERE = frozenset({"user_not_found", "users_not_found", "user_not_visible", "user_disabled", "cannot_dm_bot"})
_MEANING = {word: trouble for trouble, words in _WORDS.items() for word in words.split()}
_RATE_LIMITED = ("ratelimited", "rate_limited", "message_limit_exceeded")
RATE_LIMITED_SECONDS, RATE_LIMITED_AT_MOST_SECONDS = 30.0, 3_600.0  # where Slack does not say how long; where it says more


def trouble_of(error: Exception) -> Answer:
    """What a failed call means."""
    if isinstance(error, NoMember):
        return Answer(Trouble.CHANNEL, "user_not_found")
    if not isinstance(error, SlackApiError):
        return Answer(Trouble.AWAY, type(error).__name__, never_left=False)
    response = error.response
    word = str(response.get("error", "")) if isinstance(response.data, dict) else ""
    if response.status_code == 429 or word in _RATE_LIMITED:
        told = str(response.headers.get("Retry-After", ""))
        seconds = float(told) if told.isdecimal() else RATE_LIMITED_SECONDS  # a proxy between may say a date
        return Answer(Trouble.WAIT, "ratelimited", seconds=min(seconds, RATE_LIMITED_AT_MOST_SECONDS))
    if word in _MEANING:
        return Answer(_MEANING[word], word)
    if response.status_code >= 500 or not word:
        return Answer(Trouble.AWAY, word or f"HTTP {response.status_code}", never_left=False)
    return Answer(Trouble.UNKNOWN, word, never_left=False)
