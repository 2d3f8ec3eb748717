"""Web API methods for modals and home tabs."""

from __future__ import annotations

from collections.abc import Mapping

from workspace import views
from workspace.refusal import Json, Refusal
from workspace.web_api import Arguments, Desk, Method


def views_open(desk: Desk, given: Arguments) -> Json:
    view = given.document("view")
    person = desk.triggers.take(given.text("trigger_id"))
    return {"view": views.open_modal(desk.state, person, view).body}


def views_push(desk: Desk, given: Arguments) -> Json:
    view = given.document("view")
    person = desk.triggers.take(given.text("trigger_id"))
    return {"view": views.push_modal(desk.state, person, view).body}


def views_update(desk: Desk, given: Arguments) -> Json:
    if not given.optional("view_id") and not given.optional("external_id"):
        raise Refusal("invalid_arguments", problems=["missing required field: view_id"])
    view = views.view_named(desk.state, given.optional("view_id"), given.optional("external_id"))
    return {"view": views.rewrite(desk.state, view, given.document("view"), given.optional("hash")).body}


def views_publish(desk: Desk, given: Arguments) -> Json:
    person = given.text("user_id")
    if not desk.seed.has_home_tab:
        raise Refusal("not_enabled")
    if person not in desk.state.people or desk.state.people[person].is_bot:
        raise Refusal("user_not_found")
    return {"view": views.publish_home(desk.state, person, given.document("view"), given.optional("hash")).body}


METHODS: Mapping[str, Method] = {
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
}
