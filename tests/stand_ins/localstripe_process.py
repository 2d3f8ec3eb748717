"""localstripe, a stand-in for Stripe that nobody here wrote, in a process of its own on loopback; it keeps nothing on disk.

Started as a script with a port. It knows no disputes: `POST /_config/disputes` adds one, and the lists of disputes and
of events about them then tell it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

KEY = "sk_test_made_up_on_the_spot"
START_SECONDS = 20.0


@dataclass(frozen=True)
class LocalStripe:
    """A running one. `call` is a plain HTTP call, so that tests prepare charges without the SDK."""

    url: str

    def call(self, method: str, path: str, **values: object) -> Any:
        data = urlencode({name: str(value) for name, value in values.items()}).encode() if values else None
        request = Request(self.url + path, data, {"Authorization": f"Bearer {KEY}"}, method=method)
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def customer(self) -> str:
        """A customer with a card that is taken."""
        card = self.call(
            "POST", "/v1/payment_methods", type="card", **{"card[number]": "4242424242424242", "card[exp_month]": 12,
            "card[exp_year]": 2036, "card[cvc]": "123"},
        )["id"]  # fmt: skip
        customer = str(self.call("POST", "/v1/customers", description="Hooli")["id"])
        self.call("POST", f"/v1/payment_methods/{card}/attach", customer=customer)
        self.call("POST", f"/v1/customers/{customer}", **{"invoice_settings[default_payment_method]": card})
        return customer

    def charge(self, payer: str, /, amount: int, currency: str = "usd", capture: bool = True, **metadata: str) -> str:
        """A charge, captured unless told otherwise; its id."""
        named = {f"metadata[{name}]": value for name, value in metadata.items()}
        taken = "true" if capture else "false"
        charged = self.call("POST", "/v1/charges", amount=amount, currency=currency, customer=payer, capture=taken, **named)
        return str(charged["id"])

    def refund(self, charge: str, amount: int) -> None:
        self.call("POST", "/v1/refunds", charge=charge, amount=amount)

    def dispute(self, charge: str, dispute: dict[str, Any]) -> None:
        """Lets a dispute of this charge exist, replacing an earlier one."""
        body = json.dumps(dispute | {"charge": charge}).encode()
        with urlopen(Request(self.url + "/_config/disputes", body, method="POST"), timeout=30) as answer:
            assert answer.status == 200

    def forget(self) -> None:
        """Begins anew with nothing."""
        self.call("DELETE", "/_config/data")


@contextmanager
def running() -> Iterator[LocalStripe]:
    """localstripe in a process of its own, until the block ends."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    words = [sys.executable, str(Path(__file__)), str(port)]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _until_it_answers(process, port)
        yield LocalStripe(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


def _until_it_answers(process: subprocess.Popen[str], port: int) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            LocalStripe(f"http://127.0.0.1:{port}").call("GET", "/v1/charges")
        except (URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(f"localstripe did not start: {process.communicate()[1]}")


def serve(port: int) -> None:
    """The stand-in's own process. What localstripe lacks for us is added here, and nothing of its own is changed."""
    from aiohttp import web  # noqa: PLC0415
    from localstripe import resources  # type: ignore[import-untyped]  # noqa: PLC0415
    from localstripe.server import app  # type: ignore[import-untyped]  # noqa: PLC0415

    disputes: dict[str, dict[str, Any]] = {}

    async def add(request: web.Request) -> web.Response:
        told = await request.json()
        disputes[told["charge"]] = told
        return web.json_response({})

    async def listed(request: web.Request) -> web.Response:
        charge = request.query.get("charge")
        found = [dispute for dispute in disputes.values() if dispute["charge"] == charge]
        return web.json_response({"object": "list", "data": found, "has_more": False, "url": "/v1/disputes"})

    async def asked(request: web.Request, handler: Any) -> web.StreamResponse:
        """Events about disputes, and whether a charge is disputed: the two places where the real one tells it."""
        if request.path == "/v1/events" and request.query.get("type") == "charge.dispute.*":
            after = int(request.query.get("created[gt]", 0))
            events = [
                {"id": f"evt_{dispute['id']}", "object": "event", "type": "charge.dispute.created", "created": dispute["created"],
                 "data": {"object": dispute}}
                for dispute in disputes.values() if dispute["created"] > after
            ]  # fmt: skip
            return web.json_response({"object": "list", "data": events, "has_more": False, "url": "/v1/events"})
        answer: web.StreamResponse = await handler(request)
        if request.path.rpartition("/")[2] in disputes and isinstance(answer, web.Response) and answer.body:
            body = json.loads(bytes(answer.body))  # type: ignore[arg-type]
            return web.json_response(body | {"disputed": True})
        return answer

    resources.Store.dump_to_disk = lambda _: None
    app.middlewares.append(web.middleware(asked))
    app.router.add_post("/_config/disputes", add)
    app.router.add_get("/v1/disputes", listed)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
