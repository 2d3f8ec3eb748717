"""Web API methods for messages: posting, rewriting, deleting, reading them back, and files."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping

from workspace import posting, scopes
from workspace.records import Posted, SharedFile
from workspace.refusal import Json, Refusal
from workspace.web_api import Arguments, Desk, Method

PAGE = 100
LARGEST_PAGE = 999
SMALL_PAGE = 15  # where reading is limited to once a minute
LARGEST_FILE_BYTES = 20_000_000  # charts and spreadsheets; a practice workspace is no archive


def post_message(desk: Desk, given: Arguments) -> Json:
    channel = posting.channel_named(desk.state, given.text("channel"), must_be_member=False)
    anywhere = scopes.ANY_CHANNEL in desk.state.installed.scopes and not channel.is_private
    posting.check_place(desk.state, channel, must_be_member=not anywhere)
    message = posting.app_message(desk.state, given.held, channel)
    desk.pace.admit(channel.id)
    posted = desk.state.post(channel.id, message)
    answer: Json = {"channel": channel.id, "ts": posted.ts, "message": posting.shown(desk.state, posted, with_metadata=True)}
    if len(given.optional("text")) > posting.TEXT_CHARACTERS:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def update(desk: Desk, given: Arguments) -> Json:
    posted = _own(desk, given, "cant_update_message")
    changed = posting.changed_message(desk.state, posted, given.held)
    message = posting.shown(desk.state, changed, with_metadata=True)
    return {"channel": posted.channel, "ts": posted.ts, "text": changed.message["text"], "message": message}


def delete(desk: Desk, given: Arguments) -> Json:
    posted = _own(desk, given, "cant_delete_message")
    desk.state.delete(posted)
    return {"channel": posted.channel, "ts": posted.ts}


def _own(desk: Desk, given: Arguments, otherwise: str) -> Posted:
    channel = posting.channel_named(desk.state, given.text("channel"))
    posted = desk.state.messages[channel.id].get(given.text("ts"))
    if posted is None:
        raise Refusal("message_not_found")
    if posted.message["user"] != desk.state.installed.bot_user_id:
        raise Refusal(otherwise)
    return posted


def post_ephemeral(desk: Desk, given: Arguments) -> Json:
    channel = posting.channel_named(desk.state, given.text("channel"))
    person = given.text("user")
    if person not in channel.members:
        raise Refusal("user_not_in_channel")
    posted = desk.state.post_ephemeral(channel.id, person, posting.app_message(desk.state, given.held, channel))
    return {"message_ts": posted.ts}


def permalink(desk: Desk, given: Arguments) -> Json:
    channel = posting.channel_named(desk.state, given.text("channel"), must_be_member=False)
    posted = desk.state.messages[channel.id].get(given.text("message_ts"))
    if posted is None:
        raise Refusal("message_not_found")
    link = f"{desk.url}/archives/{channel.id}/p{posted.ts.replace('.', '')}"
    thread = f"?thread_ts={posted.thread_ts}&cid={channel.id}" if posted.is_reply else ""
    return {"channel": channel.id, "permalink": link + thread}


def history(desk: Desk, given: Arguments) -> Json:
    """Newest first, replies in threads left out."""
    channel = posting.channel_named(desk.state, given.text("channel"))
    found = [message for message in desk.state.messages[channel.id].values() if not message.is_reply and _within(message, given)]
    page, cursor = _page(desk, found[::-1], given)
    answer: Json = {
        "messages": [posting.shown(desk.state, message, with_metadata=_with_metadata(desk, given)) for message in page],
        "has_more": bool(cursor),
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def replies(desk: Desk, given: Arguments) -> Json:
    """The message that began the thread, then its replies, oldest first."""
    channel = posting.channel_named(desk.state, given.text("channel"))
    parent = desk.state.messages[channel.id].get(given.text("ts"))
    if parent is None:
        raise Refusal("thread_not_found")
    first = desk.state.messages[channel.id].get(parent.thread_ts, parent)
    found = [message for message in desk.state.thread(channel.id, first.ts) if _within(message, given)]
    page, cursor = _page(desk, [first, *found], given)
    answer: Json = {
        "messages": [posting.shown(desk.state, message, with_metadata=_with_metadata(desk, given)) for message in page],
        "has_more": bool(cursor),
    }
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _with_metadata(desk: Desk, given: Arguments) -> bool:
    return given.flag("include_all_metadata") and scopes.METADATA in desk.state.installed.scopes


def _within(posted: Posted, given: Arguments) -> bool:
    oldest, latest = given.optional("oldest") or "0", given.optional("latest")
    if given.flag("inclusive"):
        return posted.ts >= oldest and (not latest or posted.ts <= latest)
    return posted.ts > oldest and (not latest or posted.ts < latest)


def _page(desk: Desk, found: list[Posted], given: Arguments) -> tuple[list[Posted], str]:
    """One page and the cursor of the next; the cursor is the first message of that page."""
    cursor = given.optional("cursor")
    if cursor:
        found = found[next((number for number, message in enumerate(found) if message.ts == cursor), len(found)) :]
    limit = given.limit(PAGE, SMALL_PAGE if desk.pace.reads_per_minute else LARGEST_PAGE)
    return found[:limit], found[limit].ts if len(found) > limit else ""


def upload_url(desk: Desk, given: Arguments) -> Json:
    name, length = given.text("filename"), given.text("length")
    if not length.isdigit() or not 0 < int(length) <= LARGEST_FILE_BYTES:
        raise Refusal("invalid_arguments", problems=["must be greater than 1 [json-pointer:/length]"])
    file = SharedFile(desk.state.ids.make("F"), name, int(length), int(desk.state.now()), alt_text=given.optional("alt_txt"))
    desk.state.keep_file(file)
    return {"upload_url": f"{desk.url}/upload/{file.id}", "file_id": file.id}


def complete_upload(desk: Desk, given: Arguments) -> Json:
    wanted = given.document("files")
    files = []
    for file_wanted in wanted if isinstance(wanted, list) else []:
        file = desk.state.files.get(str(file_wanted.get("id"))) if isinstance(file_wanted, dict) else None
        if file is None or not file.done:
            raise Refusal("file_not_found")
        file.title = str(file_wanted.get("title") or file.name)
        files.append(file)
    if not files:
        raise Refusal("invalid_arguments", problems=["missing required field: files"])
    targets = [posting.channel_named(desk.state, name) for name in given.listed("channels") or given.listed("channel_id")]
    for file in files:
        file.channels = [channel.id for channel in targets]
        desk.state.keep_file(file)
    shown = [file_shown(desk, file) for file in files]
    for channel in targets:
        text = given.optional("initial_comment")
        thread = {"thread_ts": given.optional("thread_ts")} if given.optional("thread_ts") else {}
        about = {"text": text or ", ".join(file.title for file in files), **thread}
        desk.state.post(channel.id, {**posting.app_message(desk.state, about, channel), "text": text, "files": shown})
    return {"files": shown}


def file_shown(desk: Desk, file: SharedFile) -> Json:
    address = f"{desk.url}/files/{file.id}/{file.name}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "size": file.size,
        "created": file.created,
        "timestamp": file.created,
        "filetype": file.name.rpartition(".")[2].lower(),
        "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "mode": "hosted",
        "is_external": False,
        "is_public": not any(desk.state.channels[channel].is_private for channel in file.channels),
        **({"alt_txt": file.alt_text} if file.alt_text else {}),
        "user": desk.state.installed.bot_user_id,
        "channels": file.channels,
        "url_private": address,
        "permalink": address,
    }


METHODS: Mapping[str, Method] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": permalink,
    "conversations.history": history,
    "conversations.replies": replies,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
}
