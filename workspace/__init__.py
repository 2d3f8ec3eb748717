"""A practice workspace: what a person would see and press in Slack, on this machine only, without Slack.

For the demo and the tests. The bot talks to it exactly as to Slack (Web API, Socket Mode or signed requests);
only the address and the tokens differ. It knows nothing about payments or books.
"""

from __future__ import annotations

from workspace.running import Workspace, start
from workspace.seed import Command, PersonSeed, Seed, Shortcut

__all__ = ["Command", "PersonSeed", "Seed", "Shortcut", "Workspace", "start"]
