"""Sums of usage rows for free questions: by anything, over any hours. Made out of one another.

Usage rows -> HourlyUserSlice -> HourlySlice -> HourlyFacet, DailySlice -> DailyFacet, and
HourlyUserSlice -> HourlyUser -> DailyUser. A day is added up once it is over.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SliceSums(models.Model):
    """What a free question may ask of calls, added up: the measures of the slices below."""

    tier = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    attempts = models.BigIntegerField()
    calls = models.BigIntegerField()
    answered = models.BigIntegerField()
    cost_nanos = models.BigIntegerField()
    estimated_nanos = models.BigIntegerField()
    compared = models.BigIntegerField()
    baseline_nanos = models.BigIntegerField()
    saved_nanos = models.BigIntegerField()
    fresh_input_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()

    class Meta:
        abstract = True


class Sliced(SliceSums):
    """By everything that the filter bar knows but users."""

    provider = models.CharField(max_length=40)
    deployment = models.CharField(max_length=160)
    model_class = models.CharField(max_length=10)
    call_kind = models.CharField(max_length=40)
    cache_layer = models.CharField(max_length=16)
    outcome = models.CharField(max_length=12)

    class Meta:
        abstract = True


class HourlySlice(Sliced):
    """One hour of calls that are alike in all that can be filtered or grouped by."""

    hour = models.IntegerField(db_index=True)

    class Meta:
        verbose_name = _("slice of an hour")
        verbose_name_plural = _("slices by hour")

    def __str__(self) -> str:
        return f"{self.hour} {self.deployment} {self.call_kind}"


class Facet(SliceSums):
    """All calls that are alike in one column, or in two: what pages ask most, in very few rows.

    `facet` names the column ("tier"), or both ("call_kind,tier"); empty: every call. `value` is
    what the first one holds, `other` the second.
    """

    tier = None  # type: ignore[assignment]  # is a facet here
    language = None  # type: ignore[assignment]
    facet = models.CharField(max_length=40)
    value = models.CharField(max_length=160)

    class Meta:
        abstract = True


class HourlyFacet(Facet):
    """One hour by one column."""

    hour = models.IntegerField()

    class Meta:
        verbose_name = _("facet of an hour")
        verbose_name_plural = _("facets by hour")
        indexes = [models.Index(fields=["facet", "hour"], name="facet_by_hour")]

    def __str__(self) -> str:
        return f"{self.hour} {self.facet} {self.value}"


class DailyFacet(Facet):
    """One local day of DEFAULT_ZONE, by one column or by two."""

    day = models.DateField()
    other = models.CharField(max_length=160)

    class Meta:
        verbose_name = _("facet of a day")
        verbose_name_plural = _("facets by day")
        indexes = [models.Index(fields=["facet", "day"], name="facet_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.facet} {self.value} {self.other}"


class DailySlice(Sliced):
    """The same for a local day of DEFAULT_ZONE, for ranges of many days seen in that zone."""

    day = models.DateField(db_index=True)

    class Meta:
        verbose_name = _("slice of a day")
        verbose_name_plural = _("slices by day")

    def __str__(self) -> str:
        return f"{self.day} {self.deployment} {self.call_kind}"


class HourlyUser(SliceSums):
    """What one user's calls of one hour cost: who spends most."""

    hour = models.IntegerField(db_index=True)
    user_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("user in an hour")
        verbose_name_plural = _("users by hour")

    def __str__(self) -> str:
        return f"{self.hour} {self.user_id}"


class DailyUser(SliceSums):
    """The same for a local day of DEFAULT_ZONE."""

    day = models.DateField(db_index=True)
    user_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("user on a day")
        verbose_name_plural = _("users by day")

    def __str__(self) -> str:
        return f"{self.day} {self.user_id}"


class HourlyUserSlice(Sliced):
    """One user's hour, by everything else. Read for one user, or for few days."""

    hour = models.IntegerField(db_index=True)
    user_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("slice of a user's hour")
        verbose_name_plural = _("slices of users by hour")
        indexes = [models.Index(fields=["user_id", "hour"], name="user_slice_by_user")]

    def __str__(self) -> str:
        return f"{self.hour} {self.user_id} {self.call_kind}"
