"""Sums of whole local months of DEFAULT_ZONE, made of its days: a year is read in a few rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models_rollup import SavingSums
from billing.models_slices import SliceSums


class MonthlySaving(SavingSums):
    """`DailySaving` of a whole month: the grains that know kinds of call."""

    month = models.DateField()  # its first day

    class Meta:
        verbose_name = _("savings of a month")
        verbose_name_plural = _("savings by month")
        indexes = [
            models.Index(fields=["grain", "month", "tier", "language"], name="saving_by_month"),
            models.Index(fields=["deployment", "grain", "month"], name="saving_of_model_by_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.call_kind} {self.cache_layer}"


class MonthlyUser(SliceSums):
    """`DailyUser` of a whole month."""

    month = models.DateField(db_index=True)  # its first day
    user_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("user in a month")
        verbose_name_plural = _("users by month")

    def __str__(self) -> str:
        return f"{self.month} {self.user_id}"
