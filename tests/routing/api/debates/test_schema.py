"""The OpenAPI document: every endpoint with a request, a reply and problems to look at."""

import inspect
import re
from typing import Any

import pytest
from drf_spectacular.validation import validate_schema
from jsonschema import ValidationError

from routing.api.debates import examples
from routing.api.debates.schema_streams import EVENTS
from routing.debates import errors, sayings
from tests.routing.api.debates.openapi import check, document, matches_schema, operations

OURS = [name for name in operations() if name.split("_")[0] in
        ("debates", "turns", "messages", "replays")]
FILES = ("debates_export", "turns_stream", "replays_stream")
SAYINGS = inspect.getsource(sayings)


def shown(operation: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(where, schema, example) of everything that is shown of one endpoint."""
    found = [("request", operation.get("requestBody", {}))]
    found += operation["responses"].items()
    return [
        (f"{where} {media}", content["schema"], example["value"])
        for where, part in found
        for media, content in part.get("content", {}).items()
        for example in content.get("examples", {}).values()
    ]


@pytest.mark.parametrize("name", OURS)
def test_examples_are_what_the_document_says_they_are(name: str) -> None:
    operation = operations()[name]
    for where, schema, example in shown(operation):
        try:
            check({**schema, "components": document()["components"]}, example)
        except ValidationError as error:
            if "problem+json" in where and "Additional properties" in error.message:
                continue  # each problem has facts of its own
            raise


@pytest.mark.parametrize("name", OURS)
def test_each_endpoint_shows_a_reply_and_its_problems(name: str) -> None:
    operation = operations()[name]
    places = {where.split()[0] for where, _schema, _example in shown(operation)}
    assert operation["summary"]
    assert operation["description"]
    assert any(place.startswith("4") for place in places)
    assert name in FILES or any(place.startswith("2") for place in places)
    assert "requestBody" not in operation or "request" in places


@pytest.mark.parametrize("name", ["turns_stream", "replays_stream"])
def test_streams_are_described_with_an_example_and_problems(name: str) -> None:
    operation = operations()[name]
    content = operation["responses"]["200"]["content"]
    assert content["text/event-stream"]["example"].startswith("id: 1.1\nevent: turn.started\n")
    assert {"204", "404", "422"} <= set(operation["responses"])
    known = {scheme for one in operation["security"] for scheme in one}
    assert known <= set(document()["components"]["securitySchemes"])


def test_every_event_that_is_sent_stands_in_the_table() -> None:
    """Whatever `sayings` can make: a new kind is not forgotten here."""
    made = set(re.findall(r'(?:return |= )"([a-z_]+(?:\.[a-z_]+)?)", ?\{?', SAYINGS))
    made |= {sayings.PIECE}
    assert len(made) > 9
    assert made <= {kind for kind, _about, _data in EVENTS}
    table = operations()["turns_stream"]["description"]
    assert all(f"| `{kind}` |" in table for kind in made)


def test_an_answer_with_a_field_too_many_or_too_few_would_be_seen() -> None:
    matches_schema("debates_get", 200, examples.RUNNING)
    for wrong in (examples.RUNNING | {"secret": 1},
                  {name: value for name, value in examples.RUNNING.items() if name != "seat"},
                  examples.RUNNING | {"turns": [{}]}):
        with pytest.raises(ValidationError):
            matches_schema("debates_get", 200, wrong)


def test_every_code_that_a_debate_can_be_refused_with_is_shown() -> None:
    codes = {
        found.code for found in vars(errors).values()
        if isinstance(found, type) and found.__module__ == errors.__name__
    }
    of_catalogue = {code for code in codes if code.startswith("philosopher_")}
    of_catalogue -= {"philosopher_unknown"}
    assert codes - of_catalogue - {"invalid_request"} <= set(examples.PROBLEMS)


def test_the_whole_document_is_valid_openapi() -> None:
    validate_schema(document())
