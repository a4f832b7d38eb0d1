"""Baselines are named, frozen with their prices, and superseded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from billing import baselines
from billing.baselines import ByDeployment, ByKind, Rate
from billing.models import Baseline
from billing.prices import Price, cost
from billing.usage import Usage

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
AT = datetime(2026, 11, 25, 3, tzinfo=UTC)
OPUS = "anthropic/claude-opus-5-5"


def price(**columns: object) -> Price:
    values: dict[str, object] = {
        "id": 1, "provider": "anthropic", "model": "opus", "processing": "standard",
        "min_input_tokens": 0, "fresh_input": Decimal("5.5"), "cache_read": Decimal("0.55"),
        "cache_write": Decimal("6.875"), "output": Decimal(25), "search_usd": Decimal("0.01"),
    }
    return Price(**values | columns)  # type: ignore[arg-type]


def frozen() -> ByDeployment:
    found = baselines.premium()
    assert found is not None
    return found


def test_a_changed_price_moves_nothing_until_it_is_frozen_anew() -> None:
    usage = Usage(fresh_input_tokens=1000, output_tokens=100)
    baselines.freeze_premium(OPUS, [price()], at=AT, actor="test")
    before = frozen().nanos(usage)
    dearer = price(fresh_input=Decimal(11))
    assert frozen().nanos(usage) == before
    later = AT + timedelta(days=1)
    assert baselines.freeze_premium(OPUS, [dearer], at=later, actor="test") is not None
    assert frozen().nanos(usage) == before + 5_500_000
    new, old = baselines.versions("premium")
    assert (old.version, old.superseded_at, new.version, new.superseded_at) == (1, later, 2, None)
    assert old.how == ByDeployment(OPUS, (Rate(Decimal("5.5"), Decimal(25), Decimal("0.01")),))
    assert AuditEvent.objects.filter(action="baseline_freeze").count() == 2


def test_freezing_the_same_again_makes_no_version() -> None:
    assert baselines.freeze_premium(OPUS, [price()], at=AT, actor="test") is not None
    assert baselines.freeze_premium(OPUS, [price()], at=AT, actor="test") is None
    assert len(baselines.versions("premium")) == 1


def test_only_one_version_of_a_name_is_in_force() -> None:
    baselines.freeze_premium(OPUS, [price()], at=AT, actor="test")
    with pytest.raises(IntegrityError), transaction.atomic():
        Baseline.objects.create(name="premium", title="x", version=9, frozen_at=AT)


def test_big_requests_have_the_price_of_big_requests() -> None:
    tiers = [price(), price(min_input_tokens=1000, fresh_input=Decimal(11))]
    baselines.freeze_premium(OPUS, tiers, at=AT, actor="test")
    assert frozen().nanos(Usage(fresh_input_tokens=999)) == 999 * 5500
    assert frozen().nanos(Usage(cache_read_tokens=1000)) == 1000 * 11_000


@given(counts=st.tuples(*[st.none() | st.integers(0, 10**6)] * 5))
def test_it_costs_what_the_same_tokens_cost_without_a_cache(counts: tuple[int | None]) -> None:
    usage = Usage(*counts)
    fresh = Usage(usage.input_tokens, 0, 0, usage.output_tokens, usage.searches)
    rate = Rate(Decimal("5.5"), Decimal(25), Decimal("0.01"))
    assert ByDeployment(OPUS, (rate,)).nanos(usage) == cost(fresh, price())


def test_the_original_apps_mix_names_models_prices_and_their_source() -> None:
    baselines.freeze_original(at=AT, actor="test")
    (original,) = baselines.in_force()
    assert isinstance(original.how, ByKind)
    assert original.how.models["closing"][0] == "gpt-4"
    assert original.how.rate("opening_statement") == original.how.rate("whatever")
    assert "genai-prices" in original.how.source
    tokens = {"input_tokens": 1000, "output_tokens": 100, "searches": 1}
    assert original.how.rate("opening_statement").nanos(**tokens) == 2_500_000 + 1_000_000 + 10**7


def test_prices_whose_sums_would_not_add_up_are_refused() -> None:
    definition = {
        "by": "kind", "models": {"a": {"input": "0.0001", "output": "1"}}, "kinds": {},
        "other": "a", "search_usd": "0.01", "source": "",
    }
    with pytest.raises(ValueError, match="parts of a nano-dollar"):
        baselines.freeze("a", "A", definition, at=AT, actor="test")
    assert not Baseline.objects.exists()


def test_a_new_installation_has_both_and_a_later_start_leaves_them() -> None:
    call_command("load_defaults", stdout=StringIO())
    usual, other = baselines.in_force()
    assert (usual.name, usual.is_default, usual.title) == (
        "premium", True, f"Every call on {OPUS}, no cache"
    )
    assert other.name == "original"
    call_command("load_defaults", stdout=StringIO())
    assert Baseline.objects.count() == 2
    out = StringIO()
    call_command("baselines", freeze="premium", stdout=out)
    assert "are those of the version in force" in out.getvalue()
    assert "premium 1: Every call on" in out.getvalue()
