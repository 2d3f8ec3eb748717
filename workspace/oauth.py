"""Installing the app by OAuth: the page on which somebody allows it, and the code that the app exchanges for its token.

As in Slack a code is good for ten minutes and one use, and only at the address for which it was given. Addresses off this machine
are refused.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from workspace import loopback
from workspace.desks import Desks
from workspace.refusal import Json, Refusal

CODE_SECONDS = 600.0


@dataclass
class _Code:
    team_id: str
    person: str
    scopes: tuple[str, ...]
    redirect_uri: str
    expires_at: float  # seconds since 1970, UTC
    used: bool = False


class Grants:
    """The codes given out so far."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._codes: dict[str, _Code] = {}

    def objection(self, asked: Mapping[str, str]) -> str:
        """Why the page refuses what the app asks for, or ""."""
        if asked.get("client_id") != self._desks.first.state.installed.client_id:
            return "No app has this client_id."
        if not loopback.is_loopback(urlsplit(asked.get("redirect_uri", "")).hostname or ""):
            return "The redirect_uri is missing, or not on this machine."
        known = set(self._desks.first.seed.scopes)
        strange = [scope for scope in _listed(asked.get("scope", "")) if scope not in known]
        return f"The app's manifest does not have: {', '.join(strange)}." if strange else ""

    def allowed(self, asked: Mapping[str, str], person: str) -> str:
        """The address at which the app gets its code, for the team of the person who allowed it. Raises ValueError."""
        if sentence := self.objection(asked):
            raise ValueError(sentence)
        desk = self._desks.of(person)
        if person not in desk.state.people:
            raise ValueError("Nobody has that name.")
        state = self._desks.first.state
        code = f"{state.ids.trigger()}"
        scopes = _listed(asked.get("scope", ""))
        expires_at = state.now() + CODE_SECONDS
        self._codes[code] = _Code(desk.state.installed.team_id, person, scopes, asked["redirect_uri"], expires_at)
        return _back(asked, {"code": code})

    def denied(self, asked: Mapping[str, str]) -> str:
        """The address at which the app is told that it was not allowed. Raises ValueError."""
        if sentence := self.objection(asked):
            raise ValueError(sentence)
        return _back(asked, {"error": "access_denied"})

    def exchange(self, given: Mapping[str, object]) -> Json:
        """oauth.v2.access: installs the app. Raises Refusal."""
        app = self._desks.first.state.installed
        if given.get("client_id") != app.client_id:
            raise Refusal("invalid_client_id")
        if given.get("client_secret") != app.client_secret:
            raise Refusal("bad_client_secret")
        code = self._codes.get(str(given.get("code")))
        if code is None or self._desks.first.state.now() > code.expires_at:
            raise Refusal("invalid_code")
        if code.used:
            raise Refusal("code_already_used")
        if given.get("redirect_uri") not in (None, "", code.redirect_uri):
            raise Refusal("bad_redirect_uri")
        code.used = True
        return self._install(code)

    def _install(self, code: _Code) -> Json:
        state = self._desks.of(code.team_id).state
        sisters = [desk.state for desk in self._desks if desk.state.is_one_installation_with(state)]
        token = next((sister.installed.bot_token for sister in sisters if sister.installed.bot_token), state.ids.token("xoxb"))
        for sister in sisters:
            sister.install(token, code.scopes)
        app = state.installed
        whole = app.for_organization
        return {
            "app_id": app.app_id,
            "authed_user": {"id": code.person},
            "scope": ",".join(app.scopes),
            "token_type": "bot",
            "access_token": app.bot_token,
            "bot_user_id": app.bot_user_id,
            "team": None if whole else {"id": app.team_id, "name": app.team_name},
            "enterprise": {"id": app.enterprise_id, "name": app.enterprise_name} if app.enterprise_id else None,
            "is_enterprise_install": whole,
        }


def _listed(scopes: str) -> tuple[str, ...]:
    return tuple(scope for scope in scopes.replace(" ", ",").split(",") if scope)


def _back(asked: Mapping[str, str], answer: Mapping[str, str]) -> str:
    parts = urlsplit(asked["redirect_uri"])
    kept = parse_qsl(parts.query)
    return parts._replace(query=urlencode([*kept, *answer.items(), ("state", asked.get("state", ""))])).geturl()


def page(desks: Desks, asked: Mapping[str, str], objection: str, nonce: str) -> str:
    """What a person is asked before the app is installed."""
    app = desks.first.state.installed
    name = html.escape(app.app_name)
    style = (
        "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#fbfaf7;color:#1f2630}"
        "#bar{padding:7px 18px;background:#f3c65b;color:#2d2208}main{max-width:520px;margin:48px auto;padding:0 20px}"
        "h1{font-size:24px;line-height:1.3}label{display:block;margin:20px 0 6px;font-weight:600}"
        "select,button{font:inherit;padding:8px 14px;border-radius:8px;border:1px solid #8a8f96;background:#fff}"
        "button{margin:24px 8px 0 0;font-weight:600}.allow{background:#0f6f68;border-color:#0f6f68;color:#fff}"
        "code{background:#f0eee8;padding:1px 5px;border-radius:4px}"
    )
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">' for key, value in asked.items()
    )
    people = "".join(
        f'<optgroup label="{html.escape(desk.state.installed.team_name)}">'
        + "".join(
            f'<option value="{person.id}">{html.escape(person.real_name)}, {html.escape(desk.state.installed.team_name)}</option>'
            for person in desk.state.people.values()
            if not person.is_bot and person.standing == "member" and not person.is_stranger
        )
        + "</optgroup>"
        for desk in desks
    )
    scopes = "".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in _listed(asked.get("scope", "")))
    form = (
        f'<h1>{name} is asking for permission to use a workspace</h1><form method="post" action="/oauth/v2/authorize">{hidden}'
        f'<label for="person">Install as</label><select id="person" name="person">{people}</select>'
        f"<p><strong>What {name} may do:</strong></p><ul>{scopes}</ul>"
        '<button class="allow" name="answer" value="allow">Allow</button>'
        '<button name="answer" value="cancel">Cancel</button></form>'
    )
    inside = f"<h1>{name} cannot be installed</h1><p>{html.escape(objection)}</p>" if objection else form
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Install {name}: practice workspace, not Slack</title>"
        f'<style nonce="{nonce}">{style}</style></head><body><div id="bar"><strong>Practice workspace, not Slack.</strong></div>'
        f"<main>{inside}</main></body></html>"
    )
