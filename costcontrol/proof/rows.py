"""The rows of the proof, in its scratch database: a plan, two priced models, budgets, payers."""

from datetime import UTC, date, datetime
from decimal import Decimal

from accounts.models import Tier, User
from billing.models import Budget, ScopeKind
from billing.prices import NewPrice, price_supersede
from costcontrol.lib.money import NANOS_PER_USD, Nanos
from costcontrol.proof.upstream import PRICES
from routing.models import Deployment

TIER = "prove"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PLENTY = 1_000 * NANOS_PER_USD


def deployment_name(model: str) -> str:
    return f"prove/{model}"


def rows_make(upstream: str) -> None:
    """Every call is counted in four windows at least: its user's, at once, and the platform's."""
    Tier.objects.create(
        name=TIER, title="Proof", route_mode=Tier.RouteMode.CLOUD, allowed_classes=["mid"],
        requests_per_minute=1_000_000, concurrent_calls=1_000, calls_per_debate=None,
        is_economy_exempt=True,
    )
    for model, prices in PRICES.items():
        _deployment_make(model, upstream, *prices)
    for period in (Budget.Period.DAY, Budget.Period.MONTH):
        Budget.objects.create(scope_kind=ScopeKind.PLATFORM, period=period, cap_nanos=PLENTY)


def payer_make(name: str, *, cap: Nanos) -> User:
    """Somebody with a budget of their own that never begins anew: no midnight in the proof."""
    user = User.objects.create_user(f"{name}@prove.invalid", tier_id=TIER)
    Budget.objects.create(
        scope_kind=ScopeKind.USER, scope_id=str(user.pk), period=Budget.Period.TOTAL, cap_nanos=cap
    )
    return user


def _deployment_make(model: str, upstream: str, per_input: int, per_output: int) -> None:
    Deployment.objects.create(
        name=deployment_name(model), provider="openai", model=model, model_class="mid",
        base_url=upstream, languages=["en", "ko"], timeout_s=20, price_provider="prove",
    )
    dear, cheap = Decimal(per_output) / 1000, Decimal(per_input) / 1000
    price = NewPrice(
        provider="prove", model=model, fresh_input=cheap, cache_read=cheap, cache_write=cheap,
        output=dear, source="proof", source_date=date(2026, 1, 1),
    )
    price_supersede(price, at=LONG_AGO, actor="command prove")
