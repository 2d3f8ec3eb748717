"""The app installed for a whole Enterprise organization: members of every workspace of it decide, and others are told why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot_scene import SEED, BotScene, a_bot_scene, eventually

from bot.people import GUEST, STRANGER
from workspace.seed import PersonSeed

ORGANIZATION = replace(
    SEED,
    enterprise="Acme Group",
    for_organization=True,
    people=(
        PersonSeed("dana", "Dana Reyes", "dana@example.com", home="sister"),
        PersonSeed("sam", "Sam Okafor", "sam@example.com", home="organization"),
        PersonSeed("bea", "Bea Bookkeeper", "bea@example.com"),
        PersonSeed("gus", "Gus Tran", "gus@example.com", standing="guest"),
        PersonSeed("xena", "Xena Strand", "xena@example.org", home="elsewhere"),
    ),
)


def by_organization_and_email(acme: BotScene, folder: Path) -> None:
    """Dana is named by the organization, Sam by nothing but his email address; the guest and the stranger are named too."""
    config, people = folder / "resolve-now.toml", acme.workspace.people
    team, whole = acme.workspace.team_id, acme.workspace.enterprise_id
    others = "".join(
        f'\n[[person]]\nid = "{name}"\nname = "{name}"\nslack = ["{whole}/{people[name]}", "{team}/{people[name]}"]\n'
        f'[[person.may]]\ncompany = "acme"\nremedies = ["dismiss"]\nlimits = {{ USD = "1.00" }}\n'
        for name in ("gus", "xena")
    )
    text = config.read_text()
    text = text.replace(f'slack = ["{team}/{people["dana"]}"]', f'slack = ["{whole}/{people["dana"]}"]')
    text = text.replace(f'slack = ["{team}/{people["sam"]}"]', 'email = "Sam@example.com"')
    config.write_text(text + others)


def test_members_of_the_organization_decide_and_guests_and_strangers_are_told_why_not(tmp_path: Path) -> None:
    with a_bot_scene(tmp_path, seed=ORGANIZATION) as acme:
        by_organization_and_email(acme, tmp_path)
        acme.credited()
        (card,) = acme.messages()
        for name, words in (("gus", GUEST), ("xena", STRANGER), ("bea", "not linked")):
            acme.press(name, "choose", card)
            acme.answered(name, words)
        assert () == tuple(acme.decisions())

        acme.press("sam", "resolve_now", card)
        assert eventually(lambda: acme.workspace.open_modal(acme.workspace.people["sam"]))
        acme.press("dana", "choose", card)
        acme.carry_out()
        assert [("dana", "done")] == [(made.requested_by, made.state) for made in acme.decisions()]
