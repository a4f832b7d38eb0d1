"""`/api/v1/me/…`: what the caller may use, and has used; `/api/v1/plans`: what there is to buy."""

from collections import defaultdict
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Tier
from accounts.services import FREE_TIER
from accounts.types import Caller, TierRules
from billing import budgets
from billing.api.serializers import OffersSerializer, PlanSerializer, UsageSerializer
from billing.budgets import Rule
from billing.models import Budget, PlanPrice
from billing.reports import account, usage
from billing.reports.account import PlanState, Standing
from costcontrol.lib import clock


def caller_of(request: Request) -> Caller:
    caller = request.auth
    assert isinstance(caller, Caller)
    return caller


def own_rules(caller: Caller) -> list[Rule]:
    """The limits of whoever pays, and the caller's own."""
    book = account.own_book(caller.payer, caller.user_id)
    return budgets.own_rules(
        book, tier=caller.tier, payer=caller.payer, user_id=caller.user_id
    )


class UsageView(APIView):
    @extend_schema(operation_id="me_usage", responses=UsageSerializer, tags=["me"])
    def get(self, request: Request) -> Response:
        """Today's calls and every limit of the plan: used, held for running calls, left."""
        caller, now = caller_of(request), clock.now()
        start, _end = budgets.span(Budget.Period.DAY, zone=settings.DEFAULT_ZONE, now=now)
        calls = usage.calls_of(caller.user_id, start=start, end=now)
        rules = usage.limits_shown(own_rules(caller), may_see_costs=caller.may_see_costs)
        body: dict[str, Any] = {
            "as_of": now, "since": start, "zone": settings.DEFAULT_ZONE,
            "calls_answered": calls.answered, "calls_from_cache": calls.from_cache,
            "calls_refused": calls.refused, "input_tokens": calls.input_tokens,
            "output_tokens": calls.output_tokens, "limits": usage.limits_of(rules, now=now),
        }
        if caller.may_see_costs:
            body["cost_nanos"] = calls.cost_nanos
        return Response(UsageSerializer(body).data)


class PlanView(APIView):
    @extend_schema(operation_id="me_plan", responses=PlanSerializer, tags=["me"])
    def get(self, request: Request) -> Response:
        """The caller's plan, and how it is paid. `null` means unlimited."""
        caller = caller_of(request)
        customer = account.customer_of(caller.payer)
        state = account.plan_state(customer) if customer else PlanState()
        body = included(caller.tier) | {"subscription": subscription_of(state)}
        return Response(PlanSerializer(body).data)


class OffersView(APIView):
    """For pages that show prices before anybody has an account: no key is needed."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="plans", responses=OffersSerializer, tags=["plans"], auth=[],
    )
    def get(self, request: Request) -> Response:
        """The plans on offer, cheapest first, and what they cost. Needs no key."""
        return Response(OffersSerializer({"plans": offers()}).data)


def offers() -> list[dict[str, Any]]:
    """Plans that have a price, and the one for everybody, two queries in all."""
    prices: dict[str, list[PlanPrice]] = defaultdict(list)
    for price in PlanPrice.objects.filter(is_offered=True).order_by("amount_minor", "pk"):
        prices[price.tier_id].append(price)
    tiers = Tier.objects.filter(name__in=[*prices, FREE_TIER]).order_by("rank", "name")
    return [included(TierRules.of(tier)) | {"prices": prices[tier.name]} for tier in tiers]


def included(tier: TierRules) -> dict[str, Any]:
    return {
        "name": tier.name, "title": tier.title, "route_mode": tier.route_mode,
        "model_classes": tier.allowed_classes, "debates_per_day": tier.debates_per_day,
        "requests_per_day": tier.requests_per_day,
        "requests_per_minute": tier.requests_per_minute,
        "concurrent_calls": tier.concurrent_calls,
    }


def subscription_of(state: PlanState) -> dict[str, Any] | None:
    if state.standing == Standing.NONE:
        return None
    return {
        "status": state.standing, "plan": state.tier, "currency": state.currency,
        "amount_minor": state.amount_minor, "interval": state.interval,
        "renews_at": state.renews_at, "ends_at": state.ends_at,
        "trial_ends_at": state.trial_ends_at, "next_plan": state.next_tier,
        "changes_at": state.changes_at, "grace_until": state.grace_until,
    }
