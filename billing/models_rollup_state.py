"""How far the rollup is, what it still has to do, and what its filters can be set to."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LateRow(models.Model):
    """A mark: a usage row of this hour came, changed or went after the hour was over.

    Written by a trigger, only ever added, and deleted by the rollup that has counted it.
    """

    hour = models.IntegerField(db_index=True)

    class Meta:
        verbose_name = _("late row")
        verbose_name_plural = _("late rows")

    def __str__(self) -> str:
        return str(self.hour)


class RollupState(models.Model):
    """One row. Every hour before `frontier` is rolled up; who rolls holds a lock on it.

    Null is "all of them": hours before `slices_from` are not in the slices yet, and days that begin
    before `days_from` not in the daily ones, which are cut in `zone`. Hours before `rows_from` have
    no usage rows any more: they are never added up again.
    """

    frontier = models.IntegerField()
    slices_from = models.IntegerField(null=True)
    days_from = models.IntegerField(null=True)
    rows_from = models.IntegerField(null=True)
    zone = models.CharField(max_length=40, default="", db_default="")

    class Meta:
        verbose_name = _("state of the rollup")
        verbose_name_plural = _("state of the rollup")

    def __str__(self) -> str:
        return str(self.frontier)


class FilterValue(models.Model):
    """A tier, language or deployment that some rolled hour has: what a filter can be set to."""

    column = models.CharField(max_length=20)
    value = models.CharField(max_length=160)

    class Meta:
        verbose_name = _("filter value")
        verbose_name_plural = _("filter values")
        constraints = [
            models.UniqueConstraint(fields=["column", "value"], name="one_filter_value")
        ]

    def __str__(self) -> str:
        return f"{self.column} {self.value}"
