"""Lists in pages, newest first, and ids replaced by what they stand for (`expand`)."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from tests.upstreams.stripe.errors import Refusal, missing
from tests.upstreams.stripe.shapes import shown
from tests.upstreams.stripe.state import Obj, State

DEEPEST = 4


def page_of(rows: Iterable[Obj], params: Obj, *, url: str) -> Obj:
    """The newest first, as all of Stripe's lists, from `starting_after` on."""
    ordered = list(rows)[::-1]
    if created := params.get("created"):
        ordered = [it for it in ordered if _is_within(it["created"], created)]
    has_more = False
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise Refusal("limit must be between 1 and 100", param="limit")
    if after := params.get("starting_after"):
        ordered = ordered[_index(ordered, after, "starting_after") + 1 :]
    if before := params.get("ending_before"):
        ordered = ordered[: _index(ordered, before, "ending_before")]
        has_more = len(ordered) > limit
        ordered = ordered[-limit:]
    else:
        has_more = len(ordered) > limit
    return {"object": "list", "url": url, "has_more": has_more, "data": ordered[:limit]}


def whole(rows: Sequence[Obj], *, url: str) -> Obj:
    """A list inside an object."""
    return {"object": "list", "url": url, "has_more": False, "data": list(rows)}


def _index(rows: list[Obj], id: str, param: str) -> int:
    for index, it in enumerate(rows):
        if it["id"] == id:
            return index
    raise missing("object", id, param=param, status=400)


def _is_within(moment: int, span: Any) -> bool:
    if isinstance(span, int):
        return moment == span
    tests: dict[str, Callable[[int, int], bool]] = {
        "gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__,
    }  # fmt: skip
    return all(tests[name](moment, bound) for name, bound in span.items())


# Parts that Stripe shows only when asked: (object, field) -> what it is.
_asked_for: dict[tuple[str, str], Callable[[State, Obj], Any]] = {}


def when_asked(kind: str, field: str) -> Callable[[Callable[[State, Obj], Any]], Any]:
    def register(maker: Callable[[State, Obj], Any]) -> Callable[[State, Obj], Any]:
        _asked_for[kind, field] = maker
        return maker

    return register


def rendered(state: State, answer: Obj, paths: Sequence[str]) -> Obj:
    body: Obj = shown(deepcopy(answer))
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST + (steps[0] == "data"):
            raise Refusal(f"You cannot expand more than {DEEPEST} levels of a property.")
        _expand(state, body, steps, path=path)
    return body


def _expand(state: State, spot: Any, steps: list[str], *, path: str) -> None:
    if isinstance(spot, list):
        for it in spot:
            _expand(state, it, steps, path=path)
        return
    if not steps or spot is None:
        return
    name, *rest = steps
    if (maker := _asked_for.get((str(spot.get("object")), name))) and name not in spot:
        spot[name] = shown(deepcopy(maker(state, state.find(spot["id"]) or spot)))
    if name not in spot:
        raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    value = spot[name]
    if isinstance(value, str):
        spot[name] = _thing(state, value, path)
    elif isinstance(value, list):
        spot[name] = [_thing(state, it, path) if isinstance(it, str) else it for it in value]
    _expand(state, spot[name], rest, path=path)


def _thing(state: State, id: str, path: str) -> Any:
    thing = state.find(id)
    if thing is None:
        raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    return shown(deepcopy(thing))
