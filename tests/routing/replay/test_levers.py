"""The parts of a saving are those of `billing.savings`, with the route taken apart."""

from dataclasses import replace

import pytest

from routing.replay.figures import Figures, Group, added
from routing.replay.levers import SAID, layers_of, models_of, savings_of

CALL = Group(
    outcome="complete", tier="premium", call_kind="conclusion", model_class="economy",
    deployment="a/small", cache_layer="", complexity="medium", calls=2, unknown=0,
    cost_nanos=10, baseline_nanos=100, prompt_cache_nanos=0,
)
HIT = replace(
    CALL, outcome="cached", cache_layer="pattern", call_kind="opening_statement", cost_nanos=0
)


def of(*groups: Group) -> Figures:
    return Figures(1, groups, keys=3, variants=4, shareable=5)


def test_every_lever_has_its_line_and_together_they_are_what_was_saved() -> None:
    groups = (
        CALL, HIT, replace(HIT, call_kind="rag_search"), replace(HIT, cache_layer="template"),
        replace(HIT, cache_layer="precomputed"),
        replace(CALL, model_class="local", cost_nanos=3),
        replace(CALL, call_kind="attack_response"),
        replace(CALL, model_class="premium", cost_nanos=90),
        replace(CALL, outcome="failed", baseline_nanos=0),
        replace(CALL, tier="precompute", baseline_nanos=0, unknown=2),
    )

    saved = savings_of(of(*groups))

    assert saved.is_whole
    assert tuple(saved.parts) == tuple(SAID)
    named = {name: nanos for name, nanos in saved.parts.items() if nanos}
    assert named == {
        "pattern": 100, "precomputed": 100, "template": 100, "search_cache": 100,
        "route_local": 100, "route_smaller": 90, "route_complex": 90, "route_premium": 10,
        "machine": -3, "precompute": -10, "failed": -10,
    }
    assert saved.baseline == 800
    assert saved.spend == 133
    assert saved.share == pytest.approx(1 - 133 / 800)


def test_a_call_without_a_baseline_is_not_counted_as_nothing() -> None:
    with pytest.raises(ValueError, match="without a baseline: conclusion"):
        savings_of(of(replace(CALL, unknown=1)))


def test_hit_rates_are_of_calls_and_of_dollars() -> None:
    layers = {layer.name: layer for layer in layers_of(of(CALL, replace(HIT, baseline_nanos=300)))}

    assert layers["pattern"].share_of_calls == 0.5
    assert layers["pattern"].share_of_dollars == 0.75
    assert layers["template"].calls == 0


def test_models_are_listed_by_what_they_cost_and_stores_are_no_models() -> None:
    found = models_of(of(CALL, replace(CALL, deployment="b/large", cost_nanos=70), HIT))

    assert [(model.name, model.calls) for model in found] == [("b/large", 2), ("a/small", 2)]


def test_parts_are_added_up_group_by_group() -> None:
    whole = added([of(CALL), of(CALL, HIT)])

    assert (whole.debates, whole.keys, whole.variants, whole.shareable) == (2, 6, 8, 10)
    assert sorted(group.calls for group in whole.groups) == [2, 4]
    assert Figures.loads(whole.dumps()) == whole
