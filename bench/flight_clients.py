"""Plays payments into a stand-in through a client library in a loop, one call for each; prints JSON.

`python bench/flight_clients.py PYTHON PACKAGE PAYMENTS SECONDS`: PYTHON is that of an environment of its own with
python-quickbooks or xero-python. Nothing is looked at before and nothing is read back: the least that such a loop does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

COUNTING = """
import json, sys, time
origin, books, token, pairs, seconds = *sys.argv[1:4], json.loads(sys.argv[4]), float(sys.argv[5])
made = 0

def slowly(send):
    def sent(*given, **named):
        global made
        made += 1
        time.sleep(seconds)
        return send(*given, **named)
    return sent
"""
TELLING = """
began = time.perf_counter()
for customer, invoice in pairs:
    post(customer, invoice)
print(json.dumps({"seconds": round(time.perf_counter() - began, 2), "calls": made, "in_a_row": made, "most_in_flight": 1}))
"""
QUICKBOOKS = """
import requests
from quickbooks import QuickBooks
from quickbooks.objects.base import LinkedTxn, Ref
from quickbooks.objects.payment import Payment, PaymentLine

requests.Session.send = slowly(requests.Session.send)

class SignedIn:
    environment = "production"

QuickBooks.api_url_v3 = f"{origin}/v3"
QuickBooks._start_session = lambda client: ""  # we have signed in
client = QuickBooks(auth_client=SignedIn(), company_id=books, minorversion=75)
client.session = requests.Session()
client.session.access_token = token

def post(customer, invoice):
    line, link, payment = PaymentLine(), LinkedTxn(), Payment()
    link.TxnId, link.TxnType = invoice, "Invoice"
    line.Amount, line.LinkedTxn = 500, [link]
    payment.TotalAmt, payment.Line, payment.CustomerRef = 500, [line], Ref()
    payment.CustomerRef.value = customer
    payment.save(qb=client)
"""
XERO = """
import datetime, urllib3
from xero_python.accounting import Account, AccountingApi, Invoice, Payment, Payments
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

urllib3.HTTPConnectionPool.urlopen = slowly(urllib3.HTTPConnectionPool.urlopen)
held = {"access_token": token, "expires_in": 1800, "expires_at": time.time() + 1800, "token_type": "Bearer", "scope": []}
settings = Configuration(oauth2_token=OAuth2Token(client_id="made-up", client_secret="made-up"))
client = ApiClient(settings, oauth2_token_getter=lambda: held, oauth2_token_saver=lambda _: None)
accounting, day = AccountingApi(client, base_url=origin), datetime.date(2026, 3, 3)

def post(customer, invoice):
    paid = Payment(invoice=Invoice(invoice_id=invoice), account=Account(code="090"), amount=500, date=day)
    accounting.create_payments(books, Payments(payments=[paid]))
"""


def quickbooks(folder: Path, python: str, payments: int, seconds: str) -> None:
    scene: Any = import_module("quickbooks_scene")
    stand_in: Any = import_module("stand_ins.quickbooks")
    vars(import_module("stand_ins.quickbooks_contract"))["violations"] = lambda *_: []  # as `make calls` does
    with scene.quickbooks_scene(folder) as books:
        customer = books.dana.customer("Hooli")
        pairs = [(customer, books.dana.invoice(str(number), customer, 50_000)) for number in range(payments)]
        origin = books.quickbooks.base_url.split("/v3/")[0]
        _play(python, QUICKBOOKS, origin, stand_in.REALM, stand_in.TOKEN, json.dumps(pairs), seconds)


def xero(folder: Path, python: str, payments: int, seconds: str) -> None:
    scene: Any = import_module("xero_scene")
    with scene.xero_scene(folder, check_contract=False) as books:
        customer = books.dana.customer("Hooli")
        pairs = [(customer, books.dana.invoice(str(number), customer, 50_000)) for number in range(payments)]
        at = books.xero
        _play(python, XERO, at.base_url.rstrip("/"), at.organisation, at.access.token, json.dumps(pairs), seconds)


def _play(python: str, program: str, *words: str) -> None:
    subprocess.run([python, "-c", COUNTING + program + TELLING, *words], check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="resolve-now-clients-") as name:
        {"quickbooks": quickbooks, "xero": xero}[sys.argv[2]](Path(name), sys.argv[1], int(sys.argv[3]), sys.argv[4])
