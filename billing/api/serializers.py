"""The shapes of `/api/v1/me/…`."""

from rest_framework import serializers


class LimitSerializer(serializers.Serializer[object]):
    metric = serializers.ChoiceField(choices=["usd", "debates", "requests", "concurrent"])
    period = serializers.CharField()
    limit = serializers.IntegerField(help_text="calls, debates, or nano-USD for `usd`")
    used = serializers.IntegerField()
    held = serializers.IntegerField(help_text="set aside for calls that are running")
    remaining = serializers.IntegerField()
    resets_at = serializers.DateTimeField(allow_null=True)


class UsageSerializer(serializers.Serializer[object]):
    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="the beginning of today in `zone`")
    zone = serializers.CharField()
    calls_answered = serializers.IntegerField()
    calls_from_cache = serializers.IntegerField()
    calls_refused = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_nanos = serializers.IntegerField(
        required=False, help_text="nano-USD; only for staff and service keys"
    )
    limits = LimitSerializer(many=True)


class PlanSerializer(serializers.Serializer[object]):
    name = serializers.CharField()
    title = serializers.CharField()
    route_mode = serializers.ChoiceField(choices=["local", "hybrid", "cloud"])
    model_classes = serializers.ListField(child=serializers.CharField())
    debates_per_day = serializers.IntegerField(allow_null=True, help_text="null: unlimited")
    requests_per_day = serializers.IntegerField(allow_null=True)
    requests_per_minute = serializers.IntegerField(allow_null=True)
    concurrent_calls = serializers.IntegerField(allow_null=True)
