"""The words of the pages' scripts: every one that a script says is there, and none is idle."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from costcontrol.play import scripts

STATIC = Path(settings.BASE_DIR) / "costcontrol" / "static"
PAGES = {
    "play-start.js": scripts.of_start(),
    "play-debate.js": scripts.of_debate(is_staff=True),
    "play-replay.js": scripts.of_replay(),
}
IMPORT = re.compile(r'from "\./([\w-]+\.js)"')
USED = re.compile(r"\bwords\.(\w+)")
GROUPS = re.compile(r'\bword\("(\w+)"')


def sources(name: str) -> dict[str, str]:
    """A page's script and all that it imports."""
    text = (STATIC / name).read_text()
    found = {name: text}
    for other in IMPORT.findall(text):
        found |= sources(other)
    return found


def used_in(name: str) -> set[str]:
    text = "".join(sources(name).values())
    return set(USED.findall(text)) | set(GROUPS.findall(text))


@pytest.mark.parametrize("name", [name for name in PAGES if name != "play-replay.js"])
def test_every_word_that_is_used_is_there_and_every_other_is_not(name: str) -> None:
    assert used_in(name) == set(PAGES[name])


def test_replay_has_every_word_that_it_says() -> None:
    """It imports what shows turns, which says more on the page of a debate."""
    assert used_in("play-replay.js") <= set(PAGES["play-replay.js"])


@pytest.mark.parametrize("name", PAGES)
def test_words_are_filled_in_by_names_that_scripts_understand(name: str) -> None:
    for text in texts(PAGES[name]):
        assert re.sub(r"%\(\w+\)s", "", text).count("%") == 0, text


def texts(words: dict[str, Any]) -> list[str]:
    return [
        text for value in words.values()
        for text in (texts(value) if isinstance(value, dict) else [value])
    ]
