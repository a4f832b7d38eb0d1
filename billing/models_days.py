"""Sums of local days of DEFAULT_ZONE, made of the same hours: long ranges read few rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models_rollup import LatencySums, OutcomeSums, RuleSums, SavingSums, UsageSums


class DailyUsage(UsageSums):
    """`HourlyUsage` of a whole day."""

    day = models.DateField()

    class Meta:
        verbose_name = _("usage of a day")
        verbose_name_plural = _("usage by day")
        indexes = [models.Index(fields=["grain", "day", "tier", "language"], name="usage_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.deployment} {self.cache_layer}"


class DailySaving(SavingSums):
    """`HourlySaving` of a whole day, in each of the grains of `measures.SAVING`. The class is told
    only of what a local model answered, which is all that causes ask."""

    day = models.DateField()

    class Meta:
        verbose_name = _("savings of a day")
        verbose_name_plural = _("savings by day")
        indexes = [
            models.Index(fields=["grain", "day", "tier", "language"], name="saving_by_day"),
            models.Index(fields=["deployment", "grain", "day"], name="saving_of_model_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.call_kind} {self.cache_layer}"


class DailyOutcome(OutcomeSums):
    """`HourlyOutcome` of a whole day."""

    day = models.DateField(db_index=True)

    class Meta:
        verbose_name = _("errors of a day")
        verbose_name_plural = _("errors by day")

    def __str__(self) -> str:
        return f"{self.day} {self.outcome} {self.error_code}"


class DailyLatency(LatencySums):
    """`HourlyLatency` of a whole day."""

    day = models.DateField()

    class Meta:
        verbose_name = _("latency of a day")
        verbose_name_plural = _("latency by day")
        indexes = [
            models.Index(fields=["grain", "day", "tier", "language"], name="latency_by_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.source}"


class DailyRule(RuleSums):
    """`HourlyRule` of a whole day."""

    day = models.DateField(db_index=True)

    class Meta:
        verbose_name = _("rule on a day")
        verbose_name_plural = _("rules by day")

    def __str__(self) -> str:
        return f"{self.day} {self.tier} {self.complexity}"


class DailyDebate(models.Model):
    """`HourlyDebate` of a whole day: a debate takes a few hours, so these are few rows each."""

    day = models.DateField(db_index=True)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    user_id = models.BigIntegerField()
    debate_id = models.CharField(max_length=128)
    calls = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    answered = models.BigIntegerField()
    held_out = models.BigIntegerField()
    baseline_nanos = models.BigIntegerField()
    saved_nanos = models.BigIntegerField()
    is_alone = models.BooleanField(default=True, db_default=True)  # no other row is of this debate

    class Meta:
        verbose_name = _("debate on a day")
        verbose_name_plural = _("debates by day")
        indexes = [
            models.Index(fields=["debate_id", "user_id", "day"], name="day_of_debate"),
            models.Index(
                fields=["day"], condition=models.Q(held_out__gt=0), name="held_out_on_day"
            ),
            models.Index(
                models.F("cost_nanos").desc(), models.F("user_id"), models.F("debate_id"),
                condition=models.Q(is_alone=True), name="dearest_debates",
            ),
            models.Index(
                fields=["day"], condition=models.Q(is_alone=False), name="debates_not_alone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.debate_id}"


class DailyDebateCount(models.Model):
    """How many debates had a call on a day, by the day before it on which they had one.

    So distinct debates of any days can be added up: those of each day whose `before` is none of
    these days. `facet` names the columns that debates are told apart by ("", "tier", "language" or
    "language,tier"): a debate that changes its language has another `before` in each.
    """

    day = models.DateField()
    facet = models.CharField(max_length=20)
    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    before = models.DateField(null=True)
    debates = models.BigIntegerField()
    calls = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()

    class Meta:
        verbose_name = _("number of debates on a day")
        verbose_name_plural = _("numbers of debates by day")
        indexes = [models.Index(fields=["facet", "day"], name="debate_count_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.facet} {self.debates}"
