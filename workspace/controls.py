"""What tests and the demo may change from outside: outages, limits, the app's connection, channels and accounts."""

from __future__ import annotations

from workspace import api_apps, places
from workspace.delivery import Delivery
from workspace.desks import Desks
from workspace.refusal import Json
from workspace.web_api import WebApi


class Controls:
    """Does what a control request says, by name."""

    def __init__(self, desks: Desks, api: WebApi, delivery: Delivery) -> None:
        self._desks = desks
        self._api = api
        self._delivery = delivery

    async def set(self, given: Json) -> Json:
        """Each name with its value: "fault" (see faults), "clear_faults", "messages_per_second", "reads_per_minute" (see Pace),
        "disconnect" (a reason), "deaf", "request_url", "uninstall" (a team), "deactivate" (a person), "archive", "unarchive",
        "invite" and "remove" (the app, in a channel), "delete" ({"channel", "ts"}). Raises ValueError or KeyError for
        anything else.
        """
        for name, value in given.items():
            match name:
                case "fault":
                    self._api.faults.add(value)
                case "clear_faults":
                    self._api.faults.clear()
                case "messages_per_second":
                    self._desks.first.pace.messages_per_second = float(value)
                case "reads_per_minute":
                    self._desks.first.pace.reads_per_minute = int(value)
                case "deaf":
                    self._delivery.deafen()
                case "disconnect":
                    await self._delivery.disconnect(str(value))
                case "request_url":
                    await self._delivery.deliver_to(str(value))
                case "uninstall":
                    api_apps.remove(self._desks, self._desks.of(str(value)))
                case "deactivate":
                    places.deactivate(self._desks.of(str(value)), str(value))
                case "delete":
                    self._delete(str(value["channel"]), str(value["ts"]))
                case _:
                    self._change_channel(name, str(value))
        return {"ok": True}

    def _delete(self, channel: str, ts: str) -> None:
        desk = self._desks.of(channel)
        posted = desk.state.find(channel, ts)
        if posted is None:
            raise KeyError(ts)
        places.delete(desk, posted)

    def _change_channel(self, name: str, channel: str) -> None:
        desk = self._desks.of(channel)
        changes = {"archive": places.archive, "unarchive": places.unarchive, "invite": places.invite, "remove": places.remove}
        if name not in changes:
            raise ValueError(f"unknown control: {name}")
        place = desk.state.channels[channel]
        changes[name](desk, place, place.creator)
