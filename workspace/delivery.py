"""Brings what people did to the app: over Socket Mode, or as signed requests to its address.

Reads: payloads. Leaves: the app's acknowledgement. As in Slack the app has three seconds; interactions are sent
once, events are sent again (at once, after a minute, after five, on the workspace's clock) until they are acknowledged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from workspace import loopback, payloads
from workspace.refusal import Json, Undelivered
from workspace.state import State

ACK_SECONDS = 3.0
RETRY_AFTER_SECONDS = (0.0, 60.0, 300.0)
DELIVERIES_KEPT = 500
LARGEST_ACK_BYTES = 1_000_000
LOOK_SECONDS = 0.05  # how often a waiting event looks at the workspace's clock
_REASONS = {"operation_timeout": "http_timeout", "dispatch_failed": "connection_failed"}


class Delivery:
    """Sends to the app; `log` remembers the latest deliveries, attempts and outcomes."""

    def __init__(self, state: State, ack_seconds: float, retry_after_seconds: Sequence[float]) -> None:
        self._state = state
        self._ack_seconds = ack_seconds
        self._retry_after_seconds = retry_after_seconds
        self._connections: list[WebSocket] = []
        self._awaited: dict[str, asyncio.Future[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0
        self.transports: Mapping[tuple[str, int], asyncio.Transport] = {}  # of every caller, by its address
        self.request_url = ""
        self.log: deque[Json] = deque(maxlen=DELIVERIES_KEPT)

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def deliver_to(self, request_url: str) -> None:
        """Sends signed requests there from now on; "" goes back to Socket Mode.

        As in Slack the address must answer a challenge first. Raises ValueError when it does not, or is not on this machine.
        """
        if request_url:
            loopback.require(urlsplit(request_url).hostname or "")
            await self._challenge(request_url)
        self.request_url = request_url
        self._state.changed("connection")

    async def _challenge(self, request_url: str) -> None:
        challenge = self._state.ids.secret(24)
        token = self._state.installed.verification_token
        asked = {"token": token, "challenge": challenge, "type": "url_verification"}
        try:
            answer = await self._exchange(request_url, json.dumps(asked), "application/json", {}, ACK_SECONDS)
        except Undelivered as refused:
            raise ValueError(f"{request_url} did not answer the challenge: {refused.sentence}") from refused
        if challenge not in (answer.get("challenge"), str(answer.get("text")).strip()):
            raise ValueError(f"{request_url} answered the challenge with something else")

    async def send(self, kind: str, payload: Json, *, attempt: int = 0, reason: str = "") -> Json:
        """The app's acknowledgement. `kind` is interactive, slash_commands or events_api. Raises Undelivered."""
        entry = {"kind": kind, "type": _type(kind, payload), "attempt": attempt, "at": self._state.now(), "outcome": "sent"}
        self.log.append(entry)
        try:
            if self.request_url:
                ack = await self._over_http(kind, payload, attempt, reason)
            else:
                ack = await self._over_socket(kind, payload, attempt, reason)
        except Undelivered as refused:
            entry["outcome"] = refused.reason
            raise
        entry["outcome"] = "acknowledged"
        return ack

    def tell(self, state: State, inner: Json) -> None:
        """Sends an event of a team in the background, again and again as Slack does."""
        task = asyncio.get_running_loop().create_task(self._persist(payloads.event(state, inner)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, payload: Json) -> None:
        reason = ""
        for attempt, wait_seconds in enumerate((0.0, *self._retry_after_seconds)):
            due = self._state.now() + wait_seconds
            while (left := due - self._state.now()) > 0:
                await asyncio.sleep(min(left, LOOK_SECONDS))
            try:
                await self.send("events_api", payload, attempt=attempt, reason=reason)
                return
            except Undelivered as refused:
                if refused.reason == "no_retry":
                    return
                reason = _REASONS.get(refused.reason, "http_error")

    # ---- Socket Mode

    async def serve_connection(self, socket: WebSocket) -> None:
        """One Socket Mode connection, from hello to its end."""
        await socket.accept()
        self._connections.append(socket)
        self._state.changed("connection")
        app = self._state.installed
        hello = {
            "type": "hello",
            "num_connections": self.connections,
            "debug_info": {"host": "practice-workspace", "approximate_connection_time": 18060},
            "connection_info": {"app_id": app.app_id},
        }
        try:
            await socket.send_text(json.dumps(hello))
            while True:
                self._acknowledged(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass  # the app went away, or the workspace is closing
        finally:
            self._connections.remove(socket)
            self._state.changed("connection")

    def _acknowledged(self, told: str) -> None:
        try:
            held = json.loads(told)
        except ValueError:
            return  # Slack ignores what is not an acknowledgement
        awaited = self._awaited.get(str(held.get("envelope_id"))) if isinstance(held, dict) else None
        if awaited and not awaited.done():
            awaited.set_result(held.get("payload") or {})

    async def _over_socket(self, kind: str, payload: Json, attempt: int, reason: str) -> Json:
        if not self._connections:
            raise Undelivered("dispatch_failed", "The app is not connected.")
        self._turn += 1
        socket = self._connections[self._turn % len(self._connections)]  # any of them may get it, as in Slack
        envelope_id = self._state.ids.envelope()
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": "timeout" if reason else ""}
        self._awaited[envelope_id] = asyncio.get_running_loop().create_future()
        try:
            await socket.send_text(json.dumps(envelope))
            return await asyncio.wait_for(self._awaited[envelope_id], self._ack_seconds)
        except TimeoutError as error:
            raise _too_late(self._ack_seconds) from error
        except (WebSocketDisconnect, RuntimeError) as error:
            raise Undelivered("dispatch_failed", "The connection to the app broke.") from error
        finally:
            del self._awaited[envelope_id]

    async def disconnect(self, reason: str) -> int:
        """Tells every connection to reconnect ("warning", "refresh_requested") and closes it; how many there were."""
        told = list(self._connections)
        for socket in told:
            await socket.send_text(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "practice"}}))
            await socket.close()
        return len(told)

    def deafen(self) -> None:
        """Every connection stays, but nothing the app says arrives, its pings included: a dead line that nobody closed."""
        for socket in self._connections:
            if socket.client:
                self.transports[socket.client.host, socket.client.port].pause_reading()

    # ---- signed requests

    async def _over_http(self, kind: str, payload: Json, attempt: int, reason: str) -> Json:
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        else:
            form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        again = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        return await self._exchange(self.request_url, body, content_type, again, self._ack_seconds)

    async def _exchange(self, url: str, body: str, content_type: str, more: Mapping[str, str], seconds: float) -> Json:
        """One signed request, and what the app answered. Raises Undelivered."""
        headers = {"Content-Type": content_type, **self._signed(body), **more}
        calling = asyncio.to_thread(_post, url, body.encode(), headers, seconds)
        try:
            status, no_retry, answer = await asyncio.wait_for(calling, seconds)
        except TimeoutError as error:
            raise _too_late(seconds) from error
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered("dispatch_failed", "The app's address does not answer.") from error
        if status != 200:
            raise Undelivered("no_retry" if no_retry else f"http_{status}", f"The app answered with HTTP {status}.")
        return _ack(answer)

    def _signed(self, body: str) -> dict[str, str]:
        """Slack's signature, version 0: the moment and the body, under the app's secret."""
        moment = str(int(self._state.now()))
        secret = self._state.installed.signing_secret.encode()
        signature = hmac.new(secret, f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={signature}"}

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> tuple[int, bool, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("X-Slack-No-Retry") == "1", answer.read(LARGEST_ACK_BYTES)
    finally:
        connection.close()


def _ack(answer: bytes) -> Json:
    try:
        held = json.loads(answer or b"{}")
    except ValueError:
        return {"text": answer.decode(errors="replace")}
    return held if isinstance(held, dict) else {"text": str(held)}


def _type(kind: str, payload: Json) -> str:
    if kind == "slash_commands":
        return str(payload["command"])
    return str(payload["event"]["type"] if kind == "events_api" else payload["type"])


def _too_late(seconds: float) -> Undelivered:
    return Undelivered("operation_timeout", f"The app did not answer within {seconds:g} seconds; it may still be working.")
