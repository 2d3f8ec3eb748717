"""The practice workspace stays on this machine, keeps everything over a restart, and leaves nothing behind."""

from __future__ import annotations

import ast
import hashlib
import http.client
import json
import socket
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from workspace_bot import Json, a_card, a_client, a_workspace, eventually, over_socket, section

import workspace as room
from workspace import PersonSeed, Seed, Workspace, loopback

ROOM = Path(room.__file__).parent
ALLOWED = {"starlette", "uvicorn", "workspace", *sys.stdlib_module_names}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path) as running:
        yield running


def call(workspace: Workspace, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """One request with exactly these headers (underscores are dashes)."""
    parts = urlsplit(workspace.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(
            method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **sent}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_it_imports_no_room_of_the_product_and_only_its_few_packages() -> None:
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert set() == {name.split(".")[0] for name in names} - ALLOWED, file.name


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "example.com", "::"])
def test_it_refuses_to_listen_anywhere_else(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match="stays on this machine"):
        a_workspace(tmp_path, host=host)


def test_it_refuses_to_send_anywhere_else(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="stays on this machine"):
        workspace.deliver_to("https://hooks.example.com/slack/events")


def test_every_door_is_closed_to_a_page_from_elsewhere(workspace: Workspace) -> None:
    host = urlsplit(workspace.url).netloc
    doors = [("GET", "/"), ("GET", "/page/state"), ("POST", "/page/say"), ("GET", "/_control"), ("POST", "/_control")]
    doors += [("POST", "/api/auth.test"), ("POST", "/commands/T/1/key"), ("GET", "/page/events")]
    for method, path in doors:
        assert (403, "refused: wrong Host") == call(workspace, method, path, {}, Host="attacker.example")
        assert (403, "refused: wrong Origin") == call(workspace, method, path, {}, Host=host, Origin="https://attacker.example")
        assert (403, "refused: wrong Origin") == call(workspace, method, path, {}, Host=host, Origin="null")
        from_another_site = call(workspace, method, path, {}, Host=host, Sec_Fetch_Site="cross-site")
        assert 403 == from_another_site[0]


def test_what_the_page_does_needs_the_pages_own_origin(workspace: Workspace) -> None:
    said = {"person": workspace.people["priya"], "channel": workspace.channels["receivables"], "text": "Hello"}
    assert (403, "refused: no Origin") == call(workspace, "POST", "/page/say", said)
    status, answer = call(workspace, "POST", "/page/say", said, Origin=workspace.url)
    assert (200, True) == (status, json.loads(answer)["ok"])
    assert ["Hello"] == [message["text"] for message in workspace.messages(workspace.channels["receivables"])]


def test_a_socket_mode_connection_needs_its_ticket_and_uses_it_up(workspace: Workspace) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    upgrade["Sec_WebSocket_Key"] = "dGhlIHNhbXBsZSBub25jZQ=="  # any 16 bytes
    address = urlsplit(str(a_client(workspace).apps_connections_open(app_token=workspace.app_token)["url"]))
    path = f"{address.path}?{address.query}"
    assert 403 == call(workspace, "GET", "/link/?ticket=guessed", **upgrade)[0]
    assert 403 == call(workspace, "GET", path, Origin="https://attacker.example", **upgrade)[0]
    assert [101, 403] == [call(workspace, "GET", path, **upgrade)[0] for _ in range(2)]


def test_the_page_is_locked_down(workspace: Workspace) -> None:
    connection = http.client.HTTPConnection(urlsplit(workspace.url).netloc)
    connection.request("GET", "/")
    answer = connection.getresponse()
    policy = answer.headers["Content-Security-Policy"]
    content = answer.read().decode()
    connection.close()
    nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in content
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "innerHTML" not in content
    assert "Practice workspace, not Slack" in content


@pytest.mark.parametrize(
    ("headers", "objection"),
    [
        ({"host": "127.0.0.1:80"}, ""),
        ({"host": "localhost:80", "origin": "http://localhost:80"}, ""),
        ({"host": "127.0.0.1"}, ""),
        ({"host": "127.0.0.1:81"}, "wrong Host"),
        ({"host": "127.0.0.1.attacker.example:80"}, "wrong Host"),
        ({}, "wrong Host"),
        ({"host": "127.0.0.1:80", "origin": "http://127.0.0.1:81"}, "wrong Origin"),
        ({"host": "127.0.0.1:80", "sec-fetch-site": "cross-site"}, "another site"),
        ({"host": "127.0.0.1:80", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, ""),
    ],
)
def test_who_may_come_in(headers: dict[str, str], objection: str) -> None:
    assert objection == loopback.objection(headers, 80, from_the_page=False)


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with a_workspace(tmp_path) as first, over_socket(first) as bot:
        channel, priya = first.channels["receivables"], first.people["priya"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        bot.client.chat_postMessage(channel=channel, text="A reply", thread_ts=ts)
        bot.client.chat_postEphemeral(channel=channel, user=priya, text="Only you")
        bot.client.views_publish(user_id=priya, view={"type": "home", "blocks": [section("Home")]})
        bot.client.conversations_open(users=priya)
        first.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        eventually(lambda: first.open_modal(priya))
        before, tokens = first.snapshot(), (first.bot_token, first.app_token, first.signing_secret)
    with a_workspace(tmp_path) as second:
        after = second.snapshot()
        assert tokens == (second.bot_token, second.app_token, second.signing_secret)
        for kept in ("team", "people", "channels", "messages", "ephemerals", "modals", "homes"):
            assert before[kept] == after[kept], kept
        later = str(a_client(second).chat_postMessage(channel=channel, text="Later")["ts"])
        assert later > max(message["ts"] for message in before["messages"][channel])


def test_starting_again_adds_people_and_channels_and_loses_none(tmp_path: Path) -> None:
    with a_workspace(tmp_path) as first:
        people, channels = dict(first.people), dict(first.channels)
    more = Seed(people=(PersonSeed("zoe", "Zoe Marsh", "zoe@example.com"),), channels=("north",), groups={})
    with a_workspace(tmp_path, seed=more) as second:
        assert {"zoe"} == set(second.people) - set(people)
        assert {"north"} == set(second.channels) - set(channels)
        assert people.items() <= second.people.items()
        assert set(second.people.values()) == set(
            a_client(second).conversations_members(channel=second.channels["receivables"])["members"]
        )


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with a_workspace(tmp_path) as first:
        a_client(first).chat_postMessage(channel=first.channels["receivables"], text="Answered")
        copy = tmp_path / "as a killed process would leave it"
        copy.mkdir()
        for file in tmp_path.glob("workspace.db*"):
            (copy / file.name).write_bytes(file.read_bytes())
    with a_workspace(copy) as second:
        assert ["Answered"] == [message["text"] for message in second.messages(second.channels["receivables"])]


def test_the_same_randomness_makes_the_same_workspace(tmp_path: Path) -> None:
    def made(folder: Path) -> tuple[str, Json]:
        turns = count()

        def repeatable(size: int) -> bytes:
            return hashlib.shake_256(str(next(turns)).encode()).digest(size)

        with a_workspace(folder, random_bytes=repeatable, now=lambda: 1_800_000_000.0) as workspace:
            a_client(workspace).chat_postMessage(channel=workspace.channels["receivables"], text="x", blocks=[section("x")])
            shown = workspace.snapshot()
            return workspace.bot_token, {name: shown[name] for name in ("people", "channels", "messages")}

    assert made(tmp_path / "one") == made(tmp_path / "two")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    workspace = a_workspace(tmp_path)
    port = urlsplit(workspace.url).port
    a_client(workspace).auth_test()
    stream = socket.create_connection(("127.0.0.1", port or 0))
    stream.sendall(f"GET /page/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    assert b"200 OK" in stream.recv(4096)
    with over_socket(workspace):
        workspace.stop()
    stream.close()
    left = {thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("ThreadPoolExecutor")}
    assert set() == left  # Bolt's own pool outlives its app
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0))
    workspace.stop()
    with pytest.raises(RuntimeError):
        workspace.snapshot()
    with a_workspace(tmp_path, port=port or 0) as again:
        assert urlsplit(again.url).port == port


def test_unread_marks_are_each_persons_own(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    priya, marta = workspace.people["priya"], workspace.people["marta"]
    ts = str(client.chat_postMessage(channel=channel, text="One")["ts"])
    client.chat_postMessage(channel=channel, text="A reply counts in its thread only", thread_ts=ts)
    client.chat_postMessage(channel=channel, text="Two")

    def unread(person: str) -> int:
        shown = json.loads(call(workspace, "GET", f"/page/state?person={person}")[1])
        return next(int(held["unread"]) for held in shown["channels"] if held["id"] == channel)

    assert (2, 2) == (unread(priya), unread(marta))
    call(workspace, "POST", "/page/read", {"person": priya, "channel": channel}, Origin=workspace.url)
    assert (0, 2) == (unread(priya), unread(marta))
    workspace.say(marta, channel, "Three")
    assert (1, 0) == (unread(priya), unread(marta))


def test_the_page_is_told_plainly_when_it_says_nonsense(workspace: Workspace) -> None:
    for path, body in (("/page/dance", {}), ("/page/say", {"person": "U0NOBODY"}), ("/page/press", {"person": 7})):
        status, answer = call(workspace, "POST", path, body, Origin=workspace.url)
        assert (400, False) == (status, json.loads(answer)["ok"])
    bad = call(workspace, "POST", "/_control", {"dance": True})
    assert 400 == bad[0]
