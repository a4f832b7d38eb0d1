"""Sums of local days of DEFAULT_ZONE, made of the same hours: long ranges read few rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models_rollup import SavingSums, UsageSums


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
    """`HourlySaving` of a whole day; `deployment` is empty: who asks for one reads hours."""

    day = models.DateField()

    class Meta:
        verbose_name = _("savings of a day")
        verbose_name_plural = _("savings by day")
        indexes = [models.Index(fields=["grain", "day", "tier", "language"], name="saving_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.call_kind} {self.cache_layer}"
