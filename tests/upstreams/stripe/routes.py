"""Which function answers which method and path, and which of the SDK's types its parameters are."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.params import type_named

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    takes: str
    handler: Handler


_routes: list[Route] = []


def route(method: str, path: str, takes: str) -> Callable[[Handler], Handler]:
    """The handler gets the state, the checked parameters and the ids in the path, in this order."""
    type_named(takes)  # raises when the SDK has no such parameters
    pattern = re.compile(re.sub(r"\{\w+\}", r"([^/]+)", path))

    def register(handler: Handler) -> Handler:
        _routes.append(Route(method, pattern, takes, handler))
        return handler

    return register


def found(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    for it in _routes:
        if it.method == method and (match := it.pattern.fullmatch(path)):
            return it, match.groups()
    raise Refusal(f"Unrecognized request URL ({method}: {path}).", status=404)
