"""Web API methods for the app itself: who it is, its connection, and being removed again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workspace.refusal import Json, Refusal
from workspace.web_api import Arguments, Desk, Method

if TYPE_CHECKING:
    from workspace.desks import Desks


def api_test(_desk: Desk, given: Arguments) -> Json:
    return {"args": {name: value for name, value in given.held.items() if name != "token"}}


def auth_test(desk: Desk, _given: Arguments) -> Json:
    app = desk.state.installed
    return {
        "url": f"{desk.url}/",
        "team": app.enterprise_name if app.for_organization else app.team_name,
        "user": app.bot_name,
        "team_id": app.enterprise_id if app.for_organization else app.team_id,
        "user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": app.for_organization,
        **({"enterprise_id": app.enterprise_id} if app.enterprise_id else {}),
    }


def team_info(desk: Desk, _given: Arguments) -> Json:
    app = desk.state.installed
    organization = {"enterprise_id": app.enterprise_id, "enterprise_name": app.enterprise_name} if app.enterprise_id else {}
    return {
        "team": {
            "id": app.team_id,
            "name": app.team_name,
            "domain": app.domain,
            "email_domain": "",
            "icon": {"image_default": True},
            **organization,
        }
    }


def open_connection(desk: Desk, _given: Arguments) -> Json:
    """The address of a Socket Mode connection, good for one connection."""
    ticket = desk.state.ids.envelope()
    desk.tickets.add(ticket)
    address = desk.url.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={desk.state.installed.app_id}"}


def revoke(desks: Desks, desk: Desk, given: Arguments) -> Json:
    """auth.revoke: the token is good for nothing afterwards."""
    if not given.flag("test"):
        _end(desks, desk, {"tokens_revoked": {"tokens": {"bot": [desk.state.installed.bot_user_id]}}})
    return {"revoked": not given.flag("test")}


def uninstall(desks: Desks, desk: Desk, given: Arguments) -> Json:
    """apps.uninstall. Raises Refusal."""
    app = desk.state.installed
    if given.text("client_id") != app.client_id:
        raise Refusal("invalid_client_id")
    if given.text("client_secret") != app.client_secret:
        raise Refusal("bad_client_secret")
    remove(desks, desk)
    return {}


def remove(desks: Desks, desk: Desk) -> None:
    """Takes the app out of a team, or of the organization it is installed in; the app is told twice, as by Slack."""
    tokens = {"tokens_revoked": {"tokens": {"oauth": [], "bot": [desk.state.installed.bot_user_id]}}}
    _end(desks, desk, {**tokens, "app_uninstalled": {}})


def _end(desks: Desks, desk: Desk, told: Mapping[str, Json]) -> None:
    for name, inner in told.items():
        desk.tell(name, {"type": name, **inner})
    for other in desks:
        if other.state.is_one_installation_with(desk.state):
            other.state.uninstall()


def methods(desks: Desks) -> Mapping[str, Method]:
    """The methods; the last two concern every team in which the app is installed at once."""
    return {
        "api.test": api_test,
        "auth.test": auth_test,
        "team.info": team_info,
        "apps.connections.open": open_connection,
        "auth.revoke": lambda desk, given: revoke(desks, desk, given),
        "apps.uninstall": lambda desk, given: uninstall(desks, desk, given),
        "oauth.v2.access": api_test,  # answered before any method is looked up; here so that it is known
    }
