"""What a key is made of."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from routing.cache.keys import NEEDED, canonical, jitter, key_of, owner_of, philosopher_of
from tests.routing.cache.answers import FIELDS, ROUTE, reuse_of

CAST = {"pro": [["kant", 1, None], ["mine", 2, 7]], "con": [["hume", 1, None]]}


def key(**fields: Any) -> str:
    return key_of(reuse_of(**fields), route=ROUTE)


def test_order_of_the_fields_does_not_matter() -> None:
    reuse = reuse_of()
    backwards = replace(reuse, fields=MappingProxyType(dict(reversed(FIELDS.items()))))
    assert key_of(backwards, route=ROUTE) == key_of(reuse, route=ROUTE) == key()


def test_key_stays_the_same_from_release_to_release() -> None:
    """Another digest throws all stored answers away: then `VERSION` has to say so."""
    assert key() == "343c6986f41a7b32e75664264e3ee0ae" \
        "e21f181029132c789b425657cdd579d9"


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_makes_another_key(name: str) -> None:
    assert key(**{name: "other"}) != key()


def test_how_many_variants_are_kept_and_for_how_long_is_not_in_the_key() -> None:
    assert key_of(reuse_of(variants=9, ttl_days=1, prefer=4), route=ROUTE) == key()


def test_number_and_its_text_are_two_things() -> None:
    assert key(topic_epoch=1) != key(topic_epoch="1")


@pytest.mark.parametrize("name", NEEDED)
def test_field_that_tells_answers_apart_may_not_be_missing(name: str) -> None:
    fields = {each: value for each, value in FIELDS.items() if each != name}
    with pytest.raises(ValueError, match=name):
        key_of(replace(reuse_of(), fields=fields), route=ROUTE)


def test_there_is_no_key_without_a_route() -> None:
    with pytest.raises(ValueError, match="route"):
        key_of(reuse_of(), route="")


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), b"bytes"])
def test_what_json_cannot_say_is_no_part_of_a_key(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"field": value})


def test_jitter_is_a_tenth_either_way() -> None:
    assert (jitter("0" * 64), jitter("f" * 64)) == (0.9, pytest.approx(1.1))


def test_owner_is_whose_philosopher_has_a_part() -> None:
    assert owner_of(FIELDS) is None
    assert owner_of({"philosopher": ["mine", 1, 7]}) == 7
    assert owner_of({"cast": CAST}) == 7
    assert owner_of({"cast": list(CAST.values())}) == 7
    with pytest.raises(ValueError, match="two owners"):
        owner_of({"cast": CAST, "philosopher": ["other", 1, 8]})


def test_philosopher_is_named_by_key() -> None:
    assert philosopher_of(FIELDS) == "socrates"
    assert philosopher_of({}) == ""
