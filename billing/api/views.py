"""`/api/v1/me/…`: what the caller may use, and has used."""

from typing import Any

from django.conf import settings
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.types import Caller
from billing import budgets
from billing.api.serializers import PlanSerializer, UsageSerializer
from billing.budgets import Book, Rule
from billing.models import Budget, ScopeKind
from billing.reports import usage
from costcontrol.lib import clock


def caller_of(request: Request) -> Caller:
    caller = request.auth
    assert isinstance(caller, Caller)
    return caller


def own_rules(caller: Caller) -> list[Rule]:
    """The limits of whoever pays, and the caller's own."""
    payer, user = caller.payer, str(caller.user_id)
    own = Budget.objects.filter(
        Q(scope_kind=payer.kind, scope_id=payer.id) | Q(scope_kind=ScopeKind.USER, scope_id=user)
    )
    book = Book(budgets.rule_of_budget(row) for row in own)
    return budgets.own_rules(book, tier=caller.tier, payer=payer, user_id=caller.user_id)


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
        """The caller's plan. `null` means unlimited."""
        tier = caller_of(request).tier
        return Response(PlanSerializer({
            "name": tier.name, "title": tier.title, "route_mode": tier.route_mode,
            "model_classes": tier.allowed_classes, "debates_per_day": tier.debates_per_day,
            "requests_per_day": tier.requests_per_day,
            "requests_per_minute": tier.requests_per_minute,
            "concurrent_calls": tier.concurrent_calls,
        }).data)
