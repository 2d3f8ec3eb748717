"""Modals and home tabs: opening, pushing, rewriting and closing them, as Slack keeps them for each person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace import blocks
from workspace.records import ShownView
from workspace.refusal import Json, Refusal
from workspace.state import State

VIEWS_IN_A_STACK = 3  # Slack: a modal may push two more on top of itself


def open_modal(state: State, person: str, given: object) -> ShownView:
    """Shows a first modal to a person; one that was open is replaced."""
    view = _new(state, person, given, "modal", below=None)
    state.show_modals(person, [view.id])
    return view


def push_modal(state: State, person: str, given: object) -> ShownView:
    """Puts another modal on top. Raises Refusal push_limit_reached."""
    stack = state.open_modals.get(person, [])
    if not stack:
        raise Refusal("not_found")
    if len(stack) >= VIEWS_IN_A_STACK:
        raise Refusal("push_limit_reached")
    view = _new(state, person, given, "modal", below=state.views[stack[-1]])
    state.show_modals(person, [*stack, view.id])
    return view


def publish_home(state: State, person: str, given: object, expected_hash: str) -> ShownView:
    """Sets a person's home tab. Raises Refusal hash_conflict when it was changed since."""
    before = state.views.get(state.homes.get(person, ""))
    if expected_hash and before and before.body["hash"] != expected_hash:
        raise Refusal("hash_conflict")
    view = _new(state, person, given, "home", below=None, keep_id=before.id if before else "")
    state.set_home(person, view)
    return view


def rewrite(state: State, view: ShownView, given: object, expected_hash: str = "") -> ShownView:
    """Replaces what a view shows; its id and place in the stack stay. Raises Refusal hash_conflict."""
    if expected_hash and view.body["hash"] != expected_hash:
        raise Refusal("hash_conflict")
    held = blocks.view(given, view.body["type"], state.ids.block)
    _check_external_id(state, held, but=view.id)
    fixed = {name: view.body[name] for name in ("id", "root_view_id", "previous_view_id")}
    rewritten = ShownView(view.person, {**_body(state, held), **fixed})
    state.keep_view(rewritten)
    return rewritten


def view_named(state: State, view_id: str, external_id: str) -> ShownView:
    """A view that is still shown. Raises Refusal not_found."""
    for view in state.views.values():
        if (view_id and view.id == view_id) or (external_id and view.body["external_id"] == external_id):
            return view
    raise Refusal("not_found")


def close_top(state: State, person: str) -> None:
    state.show_modals(person, state.open_modals.get(person, [])[:-1])


def _new(state: State, person: str, given: object, kind: str, *, below: ShownView | None, keep_id: str = "") -> ShownView:
    held = blocks.view(given, kind, state.ids.block)
    _check_external_id(state, held, but=keep_id)
    view_id = keep_id or state.ids.make("V")
    place = {
        "id": view_id,
        "root_view_id": below.body["root_view_id"] if below else view_id,
        "previous_view_id": below.id if below else None,
    }
    view = ShownView(person, {**_body(state, held), **place})
    state.keep_view(view)
    return view


def _check_external_id(state: State, held: Mapping[str, Any], but: str) -> None:
    external_id = held.get("external_id")
    if external_id and any(view.body["external_id"] == external_id and view.id != but for view in state.views.values()):
        raise Refusal("duplicate_external_id")


def _body(state: State, held: Mapping[str, Any]) -> Json:
    """A view with every field Slack returns, whether the app gave it or not."""
    title = {"type": "plain_text", "text": "View Title", "emoji": True}
    return {
        "team_id": state.installed.team_id,
        "type": held["type"],
        "blocks": held["blocks"],
        "private_metadata": held.get("private_metadata") or "",
        "callback_id": held.get("callback_id") or "",
        "state": {"values": {}},
        "hash": state.ids.view_hash(),
        "title": held.get("title") or title,
        "clear_on_close": bool(held.get("clear_on_close")),
        "notify_on_close": bool(held.get("notify_on_close")),
        "submit_disabled": bool(held.get("submit_disabled")),
        "close": held.get("close"),
        "submit": held.get("submit"),
        "app_id": state.installed.app_id,
        "external_id": held.get("external_id") or "",
        "app_installed_team_id": state.installed.enterprise_id if state.installed.for_organization else state.installed.team_id,
        "bot_id": state.installed.bot_id,
    }
