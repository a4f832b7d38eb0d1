"""What people call a scope, wherever it stands."""

import pytest
from django.utils.translation import override

from billing.reports.scope_names import scope_name
from costcontrol.dashboard import forecast_words


@pytest.mark.parametrize(("kind", "id", "name"), [
    ("platform", "", "The whole platform"), ("tier", "premium", "tier premium"),
    ("tier", "precompute", "Answers made ahead"), ("provider", "", "Every provider"),
    ("user", "7", "user 7"), ("gone", "7", "gone 7"),
])
def test_each_kind_has_words(kind: str, id: str, name: str) -> None:
    with override("en"):
        assert scope_name(kind, id) == name


def test_one_that_was_looked_up_has_its_name() -> None:
    with override("en"):
        assert scope_name("user", "7", name="bob@example.com") == "user bob@example.com"


@pytest.mark.parametrize("scope", [("platform", ""), ("tier", "precompute"), ("tier", "premium")])
def test_the_forecast_calls_it_the_same(scope: tuple[str, str]) -> None:
    with override("en"):
        said = forecast_words.scope_name(*scope, {})
        assert said.lower() == scope_name(*scope).lower()
