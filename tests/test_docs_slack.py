"""Somebody follows docs/slack.md as it is written, from the manifest to the first card, in the practice workspace."""

from __future__ import annotations

import json
import re
import signal
import textwrap
from pathlib import Path

import warm
from bot_scene import SEED
from command_line import PAID_AT, child_environment, load_books, write_settings
from house import ROOT
from running import until
from typer.testing import CliRunner
from workspace_bot import a_workspace

from app.main import app

PAGE = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
CONNECT_IT = PAGE.partition("## Connect it")[2].partition("\n## ")[0]


def test_page_followed_as_written_leads_from_the_manifest_to_the_first_card(tmp_path: Path) -> None:
    (manifest,) = re.findall(r"\[(slack-[a-z]+\.json)\]", CONNECT_IT)  # step 1
    (invite,) = re.findall(r"`(/invite [^`]+)`", CONNECT_IT)
    seed = SEED.with_manifest(json.loads((ROOT / "docs" / manifest).read_text(encoding="utf-8")))
    with a_workspace(tmp_path / "workspace", seed=seed) as workspace:
        dana, cards, leads = workspace.people["dana"], *(workspace.channels[name] for name in ("payments-sync", "finance-leads"))
        for channel in (cards, leads):
            workspace.remove(channel)
            workspace.say(dana, channel, invite)  # step 5
        tokens = dict.fromkeys(re.findall(r"export (\w+)=xoxb", CONNECT_IT), workspace.bot_token)  # steps 2 to 4
        tokens |= dict.fromkeys(re.findall(r"export (\w+)=xapp", CONNECT_IT), workspace.app_token)
        tokens["RESOLVE_NOW_SLACK_BASE_URL"] = workspace.api_url
        (block,) = re.findall(r"```toml\n(.*?)```", CONNECT_IT, re.DOTALL)  # step 6
        ids = {"C0123456789": cards, "C0123456790": leads, "T0123456789/U0123456789": f"{workspace.team_id}/{dana}"}
        for written, real in (ids | {"U0123456789": dana}).items():
            block = block.replace(written, real)
        acme = write_settings(tmp_path, people=False, more=textwrap.dedent(block))
        load_books(acme, {"Hooli": "Hooli"}, [("1042", "Hooli", "500.00")])

        def run(*words: str) -> tuple[int, str]:
            ran = CliRunner().invoke(app, ["--config", str(acme.config), *words], env=tokens)
            return ran.exit_code, ran.output

        assert 0 == run("import", str(acme.payments_file([("TXN-1", "Hooli", "700.00", "1042:700.00", PAID_AT)])))[0]
        assert "Everything works" in run("doctor")[1]  # step 7
        log = tmp_path / "run.log"
        process = warm.Started(acme.words("run"), child_environment(tokens), log, log)  # step 8
        try:
            until(lambda: "Hooli" in str(workspace.messages(cards)), 60, lambda: log.read_text(encoding="utf-8"))
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(15), log.read_text(encoding="utf-8")
        finally:
            process.kill()
