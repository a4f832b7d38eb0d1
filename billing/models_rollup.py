"""Sums of usage rows by hour, one table for each question that pages ask. Rebuilt at any time.

`hour` counts whole hours since 1970 in UTC. The columns of each table are those of its cube in
`measures.py`. Nothing here is a source: the usage rows are.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models_grains import Grain as Grain
from billing.models_grains import SavingGrain as SavingGrain


class UsageSums(models.Model):
    """The columns of `measures.USAGE`."""

    grain = models.SmallIntegerField(choices=Grain.choices)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    model_class = models.CharField(max_length=10)
    cache_layer = models.CharField(max_length=16)
    attempts = models.BigIntegerField()
    calls = models.BigIntegerField()
    answered = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    estimated_nanos = models.BigIntegerField()
    compared = models.BigIntegerField()
    baseline_nanos = models.BigIntegerField()
    saved_cache_nanos = models.BigIntegerField()
    saved_search_nanos = models.BigIntegerField(default=0)
    saved_prompt_cache_nanos = models.BigIntegerField()
    saved_route_nanos = models.BigIntegerField()
    saved_local_nanos = models.BigIntegerField(default=0)
    saved_precompute_nanos = models.BigIntegerField(default=0)
    saved_helpers_nanos = models.BigIntegerField(default=0)
    saved_failed_nanos = models.BigIntegerField()
    own = models.BigIntegerField(default=0)  # answers of our own work, which nobody asked for
    fresh_input_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    first_baseline = models.CharField(max_length=160)
    last_baseline = models.CharField(max_length=160)

    class Meta:
        abstract = True


class HourlyUsage(UsageSums):
    """What the calls of one hour on one route cost, saved and used."""

    hour = models.IntegerField()

    class Meta:
        verbose_name = _("usage of an hour")
        verbose_name_plural = _("usage by hour")
        indexes = [
            models.Index(fields=["grain", "hour", "tier", "language"], name="usage_by_hour")
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.deployment} {self.cache_layer}"


class SavingSums(models.Model):
    """The columns of `measures.SAVING`."""

    grain = models.SmallIntegerField(choices=SavingGrain.choices)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    model_class = models.CharField(max_length=10)
    call_kind = models.CharField(max_length=40)
    cache_layer = models.CharField(max_length=16)
    answered = models.BigIntegerField()
    own = models.BigIntegerField()
    compared = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    compared_nanos = models.BigIntegerField()
    baseline_nanos = models.BigIntegerField()
    prompt_cache_nanos = models.BigIntegerField()
    precompute_nanos = models.BigIntegerField()
    helpers_nanos = models.BigIntegerField()
    failed_nanos = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    compared_searches = models.BigIntegerField()
    searches = models.BigIntegerField()
    search_nanos = models.BigIntegerField()

    class Meta:
        abstract = True


class HourlySaving(SavingSums):
    """What the calls of one hour would have cost on any baseline, and what they cost, by kind.

    Tokens are those of compared calls: a baseline with prices by kind of call is made of them.
    """

    hour = models.IntegerField()

    class Meta:
        verbose_name = _("savings of an hour")
        verbose_name_plural = _("savings by hour")
        indexes = [
            models.Index(fields=["grain", "hour", "tier", "language"], name="saving_by_hour")
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.call_kind} {self.cache_layer}"


class RuleSums(models.Model):
    """The columns of `measures.RULE`."""

    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    complexity = models.CharField(max_length=10)
    is_economy = models.BooleanField()
    calls = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()

    class Meta:
        abstract = True


class HourlyRule(RuleSums):
    """Calls of one hour that a model answered by one rule of the routing table: the mode of their
    tier, or economy mode, and how hard they were."""

    hour = models.IntegerField(db_index=True)

    class Meta:
        verbose_name = _("rule in an hour")
        verbose_name_plural = _("rules by hour")

    def __str__(self) -> str:
        return f"{self.hour} {self.tier} {self.complexity}"


class OutcomeSums(models.Model):
    """The columns of `measures.OUTCOME`."""

    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    outcome = models.CharField(max_length=12)
    error_code = models.CharField(max_length=40)
    attempts = models.BigIntegerField()

    class Meta:
        abstract = True


class HourlyOutcome(OutcomeSums):
    """How often calls or attempts of one hour ended in one error or refusal."""

    hour = models.IntegerField(db_index=True)

    class Meta:
        verbose_name = _("errors of an hour")
        verbose_name_plural = _("errors by hour")

    def __str__(self) -> str:
        return f"{self.hour} {self.outcome} {self.error_code}"


class LatencySums(models.Model):
    """Answers that took their time, packed: see `histograms.py`."""

    grain = models.SmallIntegerField(choices=Grain.choices)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    source = models.CharField(max_length=10)
    histogram = models.BinaryField()

    class Meta:
        abstract = True


class HourlyLatency(LatencySums):
    """How long the answers of one hour took: a histogram, see `histograms.py`."""

    hour = models.IntegerField()

    class Meta:
        verbose_name = _("latency of an hour")
        verbose_name_plural = _("latency by hour")
        indexes = [
            models.Index(fields=["grain", "hour", "tier", "language"], name="latency_by_hour")
        ]

    def __str__(self) -> str:
        return f"{self.hour} {self.source}"


class HourlyDebate(models.Model):
    """What one debate cost in one hour."""

    hour = models.IntegerField(db_index=True)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    user_id = models.BigIntegerField()
    debate_id = models.CharField(max_length=128)
    calls = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    answered = models.BigIntegerField(default=0)
    held_out = models.BigIntegerField(default=0)  # of the answered: to check savings
    baseline_nanos = models.BigIntegerField(default=0)
    saved_nanos = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("debate in an hour")
        verbose_name_plural = _("debates by hour")

    def __str__(self) -> str:
        return f"{self.hour} {self.debate_id}"


class DailyPayer(models.Model):
    """What the calls of one payer cost on one local day: margins are made of these.

    `day` is a day of DEFAULT_ZONE, the one that quotas are counted in. `plan_nanos` is the plan's
    cost, `debate_nanos` the part of it inside debates, `beyond_nanos` what credit or use beyond
    the plan paid for, `credit_nanos` the part of that which was credit.
    """

    day = models.DateField()
    tier = models.CharField(max_length=40)
    payer = models.CharField(max_length=40)
    calls = models.BigIntegerField()
    debates = models.BigIntegerField()
    debate_nanos = models.BigIntegerField()
    plan_nanos = models.BigIntegerField()
    beyond_nanos = models.BigIntegerField()
    credit_nanos = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("payer on a day")
        verbose_name_plural = _("payers by day")
        constraints = [
            models.UniqueConstraint(fields=["day", "tier", "payer"], name="one_row_per_payer_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.payer} {self.tier}"
