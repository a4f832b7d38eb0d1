"""The shapes of `/api/v1/me/…`."""

from rest_framework import serializers

from billing.reports.account import Standing


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


class SubscriptionSerializer(serializers.Serializer[object]):
    status = serializers.ChoiceField(
        choices=[standing.value for standing in Standing if standing != Standing.NONE],
        help_text=(
            "ending: cancelled, stays until `ends_at`; changing: `next_plan` begins at "
            "`changes_at`; past_due: not paid, stays until `grace_until`; incomplete: waits for "
            "the first payment; unpaid: the plan is off"
        ),
    )
    plan = serializers.CharField(help_text="what is subscribed; not what holds while it is unpaid")
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField(help_text="cents of dollars; whole won")
    interval = serializers.ChoiceField(choices=["month", "year"])
    renews_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    trial_ends_at = serializers.DateTimeField(allow_null=True)
    next_plan = serializers.CharField(allow_blank=True, help_text="empty: the same")
    changes_at = serializers.DateTimeField(allow_null=True)
    grace_until = serializers.DateTimeField(allow_null=True)


class IncludedSerializer(serializers.Serializer[object]):
    """What a plan includes."""

    name = serializers.CharField()
    title = serializers.CharField()
    route_mode = serializers.ChoiceField(choices=["local", "hybrid", "cloud"])
    model_classes = serializers.ListField(child=serializers.CharField())
    debates_per_day = serializers.IntegerField(allow_null=True, help_text="null: unlimited")
    requests_per_day = serializers.IntegerField(allow_null=True)
    requests_per_minute = serializers.IntegerField(allow_null=True)
    concurrent_calls = serializers.IntegerField(allow_null=True)


class PlanSerializer(IncludedSerializer):
    subscription = SubscriptionSerializer(
        allow_null=True, help_text="null: nothing is subscribed, the plan is without payment"
    )


class PriceSerializer(serializers.Serializer[object]):
    lookup_key = serializers.CharField(help_text="names this price, also on /account/plans/…")
    currency = serializers.CharField(help_text="usd, krw")
    amount_minor = serializers.IntegerField(help_text="cents of dollars; whole won")
    interval = serializers.ChoiceField(choices=["month", "year"])
    trial_days = serializers.IntegerField(help_text="free at the beginning, for new customers")


class OfferSerializer(IncludedSerializer):
    prices = PriceSerializer(many=True, help_text="empty: free of charge")


class OffersSerializer(serializers.Serializer[object]):
    plans = OfferSerializer(many=True)
