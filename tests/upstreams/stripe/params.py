"""Forms in, checked parameters out. The SDK's own TypedDicts say what exists and what is required.

`customer_create` names `stripe.params._customer_create_params.CustomerCreateParams`,
`checkout/session_create` one of a package of it. A name that the SDK no longer has raises at once.
"""

import re
import types
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

import stripe
import typing_extensions as more

from tests.upstreams.stripe.errors import Refusal

OF_THE_SDK_ITSELF = frozenset({
    "api_key", "stripe_version", "stripe_account", "stripe_context", "max_network_retries",
    "idempotency_key", "content_type", "headers",
})  # fmt: skip
NAMES = {**vars(typing), "StripeContext": stripe.StripeContext, "Mapping": Mapping}


@cache
def type_named(name: str) -> Any:
    package, _, short = name.rpartition("/")
    path = ".".join(filter(None, ["stripe.params", package, f"_{short}_params"]))
    title = "".join(word.capitalize() for word in short.split("_"))
    return getattr(import_module(path), f"{title}Params")


@cache
def fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """Of a TypedDict: name -> (type, is required)."""
    hints = typing.get_type_hints(kind, localns=NAMES, include_extras=True)
    return {name: _unwrapped(hint) for name, hint in hints.items()}


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.NotRequired, more.NotRequired):
        return typing.get_args(hint)[0], False
    return hint, True


def nested(form: str) -> dict[str, Any]:
    """`a[b][0][c]=1` as {"a": {"b": {"0": {"c": "1"}}}}: only types know what is a list."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", key)
        spot = tree
        for step in path:
            spot = spot.setdefault(step, {})
            if not isinstance(spot, dict):
                raise Refusal("Invalid object", param=key)
        spot[last or str(len(spot))] = value
    return tree


def checked(form: str, name: str) -> dict[str, Any]:
    known = {
        field: hint for field, hint in fields(type_named(name)).items()
        if field not in OF_THE_SDK_ITSELF
    }  # fmt: skip
    return _object(nested(form), known, path="")


def _object(
    tree: Mapping[str, Any], known: Mapping[str, tuple[Any, bool]], *, path: str
) -> dict[str, Any]:
    for name in tree:
        if name not in known:
            raise Refusal(
                f"Received unknown parameter: {_at(path, name)}",
                code="parameter_unknown", param=_at(path, name),
            )  # fmt: skip
    for name, (_, is_required) in known.items():
        if is_required and name not in tree:
            raise Refusal(
                f"Missing required param: {_at(path, name)}.",
                code="parameter_missing", param=_at(path, name),
            )  # fmt: skip
    return {name: _value(it, known[name][0], path=_at(path, name)) for name, it in tree.items()}


def _at(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _choices(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for choice in typing.get_args(hint):
            yield from _choices(choice)
    else:
        yield hint


def _value(value: Any, hint: Any, *, path: str) -> Any:
    choices = list(_choices(hint))
    if isinstance(value, dict):
        return _tree(value, choices, path=path)
    words = [word for it in choices if _is_literal(it) for word in typing.get_args(it)]
    if value in words:
        return value
    for kind in (bool, int, float, Decimal):
        if kind in choices and (parsed := _parsed(value, kind)) is not None:
            return parsed
    if str in choices and not any(words):
        if value == "":
            raise Refusal(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt "
                "to unset a parameter; however it cannot be unset.",
                code="parameter_invalid_empty", param=path,
            )  # fmt: skip
        return value
    raise _wrong(value, choices, words, path=path)


def _is_literal(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Literal, more.Literal)


def _parsed(value: str, kind: Any) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(value)
    try:
        return kind(value)
    except (ValueError, InvalidOperation):
        return None


def _wrong(value: str, choices: list[Any], words: list[Any], *, path: str) -> Refusal:
    if int in choices:
        return Refusal(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    if words:
        return Refusal(f"Invalid {path}: must be one of {', '.join(map(str, words))}", param=path)
    return Refusal(f"Invalid value for {path}: {value}", param=path)


def _tree(value: dict[str, Any], choices: list[Any], *, path: str) -> Any:
    """An object, a list or a mapping; of several objects the first that fits."""
    refusal = Refusal("Invalid object", param=path)
    for choice in choices:
        origin = typing.get_origin(choice)
        try:
            if origin is list and all(key.isdigit() for key in value):
                of = typing.get_args(choice)[0]
                ordered = sorted(value.items(), key=lambda item: int(item[0]))
                return [_value(it, of, path=_at(path, key)) for key, it in ordered]
            if origin is dict:
                of = typing.get_args(choice)[1]
                return {key: _entry(it, of, path=_at(path, key)) for key, it in value.items()}
            if more.is_typeddict(choice):
                return _object(value, fields(choice), path=path)
        except Refusal as error:
            refusal = error
    raise refusal


def _entry(value: Any, of: Any, *, path: str) -> Any:
    return "" if value == "" else _value(value, of, path=path)  # an empty entry is taken out
