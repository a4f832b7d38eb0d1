"""Answers as the SDK's classes have them: a field that they do not have is a bug of ours and
raises, a field that may be null and was left out is null."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import stripe
from stripe._object_classes import OBJECT_CLASSES

# Stripe leaves these out unless they are asked for, or unless they apply.
LEFT_OUT = {
    "customer": {"subscriptions", "sources", "tax_ids", "tax", "cash_balance", "deleted"},
    "price": {"currency_options", "tiers", "deleted"},
    "invoice": {"payments", "confirmation_secret", "deleted"},
    "checkout.session": {"line_items"},
    "charge": {"refunds", "source"},
}
AS_GIVEN = {"payment_method", "event", "list"}  # one part of many, by type


@cache
def class_of(name: str) -> Any:
    """Of `object`. Raises KeyError or ImportError when the SDK has none."""
    module, title = OBJECT_CLASSES[name]
    return getattr(import_module(module), title)


@cache
def annotations(kind: Any) -> Mapping[str, str]:
    """Field -> its type as the SDK writes it."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, stripe.StripeObject) and base is not stripe.StripeObject:
            found |= {name: str(it) for name, it in vars(base).get("__annotations__", {}).items()}
    return {name: it for name, it in found.items() if not _is_of_the_class(name, it)}


def _is_of_the_class(name: str, annotation: str) -> bool:
    return name.startswith("_") or name.isupper() or "ClassVar" in annotation


def shown(thing: Any, kind: Any = None) -> Any:
    """A copy without what is ours alone (names with an underscore first), every field in it."""
    if isinstance(thing, (list, tuple)):
        return [shown(it, kind) for it in thing]
    if not isinstance(thing, dict):
        return thing
    name = thing.get("object")
    if isinstance(name, str) and name in OBJECT_CLASSES:
        kind = class_of(name)
    inner = getattr(kind, "_inner_class_types", {})
    body = {
        key: shown(it, inner.get(key)) for key, it in thing.items() if not str(key).startswith("_")
    }
    return body if kind is None or name == "list" else _completed(body, kind, str(name or ""))


def _completed(body: dict[str, Any], kind: Any, name: str) -> dict[str, Any]:
    known = annotations(kind)
    if unknown := body.keys() - known.keys():
        raise AssertionError(f"{kind.__qualname__} has no {', '.join(sorted(unknown))}")
    if name in AS_GIVEN or body.get("deleted") or kind.__name__.startswith("PaymentMethod"):
        return body
    # the SDK cannot read a null where it expects objects by name
    left_out = LEFT_OUT.get(name, {"deleted"}) | set(getattr(kind, "_inner_class_dicts", ()))
    for field, annotation in known.items():
        if field not in body and field not in left_out and _may_be_null(annotation):
            body[field] = None
    return body


def _may_be_null(annotation: str) -> bool:
    return annotation.startswith("typing.Optional[") or "NoneType" in annotation
