"""A philosopher of one's own as it is sent: an object of names, cards and ways of arguing.

    {"name": {"en": "Hypatia"}, "cards": {"en": {"essence": "...", "traits": ["..."]}},
     "strategies": {"questioning": 0.6, "analogy": 0.4}}
"""

from collections.abc import Iterable, Mapping
from typing import Any

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.debates.cards import TEXTS, Draft
from routing.debates.types import LANGUAGES

FIELDS = ("name", "cards", "strategies")
EMPTY = Draft({}, {}, {})


def draft_of(data: Mapping[str, Any], *, over: Draft = EMPTY) -> Draft:
    """Of the right shape; what it says is not checked yet. `over`: what stays where nothing is
    sent; a language that is sent as null goes. Raises BadRequest."""
    _only(data, FIELDS, "")
    names = _texts(_object(data, "name", ""), LANGUAGES, "name.")
    cards = _object(data, "cards", "")
    _only(cards, LANGUAGES, "cards.")
    strategies = _weights(data) if "strategies" in data else over.strategies
    return Draft(
        {**_names_of(over, names), **names},
        {code: _card(cards, code, over.cards.get(code, {})) for code in LANGUAGES},
        strategies,
    )


def _names_of(over: Draft, names: Mapping[str, str]) -> Mapping[str, str]:
    """One name for both languages was given for one: it does not outlive that."""
    is_one = len(set(over.names.values())) == 1
    return {} if names and is_one else over.names


def _card(cards: Mapping[str, Any], code: str, over: Mapping[str, Any]) -> dict[str, Any]:
    if code in cards and cards[code] is None:
        return {}
    card, place = _object(cards, code, "cards."), f"cards.{code}."
    _only(card, (*TEXTS, "traits"), place)
    written = {**over, **_texts(card, TEXTS, place)}
    return written | {"traits": _traits(card, place)} if "traits" in card else written


def _object(data: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, Mapping):
        raise _wrong(place + name, _("“%(field)s” must be an object."))
    return value


def _texts(data: Mapping[str, Any], names: Iterable[str], place: str) -> dict[str, str]:
    if place == "name.":
        _only(data, names, place)
    found = {name: data[name] for name in names if name in data}
    for name, value in found.items():
        if not isinstance(value, str):
            raise _wrong(place + name, _("“%(field)s” must be a text."))
    return found


def _traits(card: Mapping[str, Any], place: str) -> list[str]:
    traits = card["traits"]
    if not isinstance(traits, list) or not all(isinstance(each, str) for each in traits):
        raise _wrong(f"{place}traits", _("“%(field)s” must be a list of texts."))
    return traits


def _weights(data: Mapping[str, Any]) -> dict[str, float]:
    weights = _object(data, "strategies", "")
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            raise _wrong(f"strategies.{name[:40]}", _("“%(field)s” must be a number."))
    return dict(weights)


def _only(data: Mapping[str, Any], names: Iterable[str], place: str) -> None:
    if strange := sorted(set(data) - set(names)):
        field = place + strange[0][:40]
        raise BadRequest(
            _("“%(field)s” is no field of a philosopher. There are: %(names)s.")
            % {"field": field, "names": ", ".join(place + name for name in names)},
            param=field,
        )


def _wrong(field: str, sentence: _) -> BadRequest:
    return BadRequest(sentence % {"field": field}, param=field)
