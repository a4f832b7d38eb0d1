"""What `/api/v1/savings` is asked and answers, as the schema shows it."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

PARAMETERS = [
    OpenApiParameter("days", int, description="so many local days, today included"),
    OpenApiParameter("baseline", str, description="premium (the usual one) or original"),
]


class SavingsSerializer(serializers.Serializer[object]):
    """Money in nano-USD. baseline - causes + own_costs + uncompared = cost."""

    as_of = serializers.DateTimeField()
    days = serializers.IntegerField()
    zone = serializers.CharField()
    baseline = serializers.CharField(help_text="name and version; empty: none is frozen")
    baseline_nanos = serializers.IntegerField()
    saved_nanos = serializers.IntegerField(help_text="net, an estimate")
    causes = serializers.DictField(child=serializers.IntegerField(), help_text="saved, by cause")
    own_costs = serializers.DictField(
        child=serializers.IntegerField(), help_text="what saving cost, above 0"
    )
    uncompared_nanos = serializers.IntegerField(help_text="cost of calls without a baseline")
    cost_nanos = serializers.IntegerField()
    calls_compared = serializers.IntegerField()
    searches = serializers.IntegerField()
    search_nanos = serializers.IntegerField(help_text="of the cost, for web searches")
    missing_hours = serializers.IntegerField(help_text="hours that are not in the figures yet")
