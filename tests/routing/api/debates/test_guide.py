"""The guide for frontend developers says what the API does: its codes, its events, its client."""

import re
from pathlib import Path

from django.conf import settings

from routing.api.debates import examples
from routing.api.debates.schema_streams import EVENTS
from tests.routing.api.debates.openapi import document, operations

GUIDE = Path(settings.BASE_DIR / "docs" / "debate-api.md").read_text()
CLIENT, USE = re.findall(r"```js\n(.*?)```", GUIDE, re.DOTALL)


def section(title: str) -> str:
    return GUIDE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_code_stands_in_the_table_of_refusals_and_no_other() -> None:
    rows = [line.split("|")[2] for line in section("When it says no").splitlines()
            if re.match(r"\| [45]\d\d", line)]
    told = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert told == set(examples.PROBLEMS) | {"invalid_api_key"}


def test_every_event_stands_in_the_table_of_events_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z_.]+)` \|", section("Reading along"), re.MULTILINE)
    assert told == [kind for kind, _about, _data in EVENTS]


def test_every_address_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(POST|GET|PATCH|DELETE) ((?:debates|messages|replays)[^`?]*)", GUIDE))
    known = {
        (method.upper(), re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1/")))
        for path, methods in document()["paths"].items() for method in methods
    }
    assert len(named) > 10
    assert {(method, re.sub(r"{\w+}", "{}", path).strip()) for method, path in named} <= known


def test_the_client_has_forty_lines_and_the_guide_is_linked() -> None:
    assert len(CLIENT.splitlines()) == 40
    assert "docs/debate-api.md" in Path(settings.BASE_DIR / "README.md").read_text()
    assert "debates_create" in operations()
