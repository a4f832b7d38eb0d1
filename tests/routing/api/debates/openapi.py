"""What the OpenAPI document promises of a reply, held against a real one."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in document()["paths"].values()
        for operation in methods.values()
    }


def replies(name: str, status: int) -> dict[str, Any]:
    """Media type -> what is said about it."""
    found: dict[str, Any] = operations()[name]["responses"][str(status)].get("content", {})
    return found


def matches_schema(name: str, status: int, body: Any) -> None:
    content = replies(name, status)
    schema = next(iter(content.values()))["schema"]
    check(schema, body)


def check(schema: Any, body: Any) -> None:
    """Every field that is promised is there, none is there that is not."""
    whole = _strict({"components": document()["components"], "allOf": [schema]})
    Draft202012Validator(whole).validate(body)


def _strict(schema: Any) -> Any:
    """OpenAPI's `nullable` in JSON Schema's words, and objects with no further fields."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(each) for name, each in schema.items()}
    if found.get("type") == "object" and "properties" in found:
        found.setdefault("additionalProperties", False)
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found
