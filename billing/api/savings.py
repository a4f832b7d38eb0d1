"""`/api/v1/savings`: for staff, the figures of the savings page."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.types import Caller
from billing.api.savings_serializers import PARAMETERS, SavingsSerializer
from billing.reports import savings_report
from billing.reports.ranges import MAX_DAYS, last_days
from billing.reports.savings_report import SavingsReport
from billing.reports.shapes import Question
from costcontrol.lib import clock
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said

USUAL_DAYS = 30


class SavingsView(APIView):
    @extend_schema(
        operation_id="savings", responses=SavingsSerializer, tags=["staff"],
        parameters=PARAMETERS,
    )
    def get(self, request: Request) -> Response:
        """What was saved, by cause, and what saving cost. For staff."""
        caller = request.auth
        if not isinstance(caller, Caller) or not caller.is_staff:
            raise PermissionDenied(said(_("Only staff may see what was saved.")), code="forbidden")
        now, name = clock.now(), request.query_params.get("baseline", "")
        against, every = savings_report.chosen(name)
        if name and name not in {each.name for each in every}:
            raise ValidationError({"baseline": said(_("There is no baseline of this name."))})
        days = last_days(_days(request), zone=settings.DEFAULT_ZONE, now=now)
        report = savings_report.load(Question(days, now), against=against)
        return Response(SavingsSerializer(_body(report)).data)


def _days(request: Request) -> int:
    asked = request.query_params.get("days", "") or str(USUAL_DAYS)
    if not (asked.isascii() and asked.isdecimal() and 1 <= int(asked[:9]) <= MAX_DAYS):
        sentence = _("A number of days from 1 to %(most)d.") % {"most": MAX_DAYS}
        raise ValidationError({"days": said(sentence)})
    return int(asked)


def _body(report: SavingsReport) -> dict[str, Any]:
    whole, against, question = report.whole, report.against, report.question
    return {
        "as_of": question.now, "days": question.range.days, "zone": question.range.zone,
        "baseline": f"{against.name} {against.version}" if against else "",
        "baseline_nanos": whole.baseline_nanos, "saved_nanos": whole.saved_nanos,
        "causes": whole.causes,
        "own_costs": {name: -nanos for name, nanos in whole.own_costs.items()},
        "uncompared_nanos": whole.uncompared_nanos, "cost_nanos": whole.cost_nanos,
        "calls_compared": whole.compared, "searches": report.searches.bought,
        "search_nanos": report.searches.cost_nanos, "missing_hours": report.missing_hours,
    }
