"""A price in the book was wrong for a while: what it should have been, and what that changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PriceCorrection(models.Model):
    """Calls of [start, end) that were booked at one price of the book, and what is right for them.

    It is counted first, and posted only when somebody says so. USD per million tokens, as in
    `ModelPrice`; they are null where it takes back another correction. `place_at` and `place_id`
    are the last row that is done in this pass. `since_id`: rows with greater ids were booked since
    it is posted; those that belong to it are looked for until `late_until`.
    """

    class State(models.TextChoices):
        COUNTING = "counting", _("being counted")
        COUNTED = "counted", _("not posted")
        POSTING = "posting", _("being posted")
        DONE = "done", _("posted")
        FAILED = "failed", _("could not be posted")
        DROPPED = "dropped", _("dropped")

    provider = models.CharField(_("provider"), max_length=40)
    model = models.CharField(_("model"), max_length=120)
    processing = models.CharField(_("processing"), max_length=10)
    min_input_tokens = models.PositiveIntegerField(_("from input tokens"), default=0)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"))
    fresh_input = models.DecimalField(_("input"), max_digits=14, decimal_places=6, null=True)
    cache_read = models.DecimalField(_("cache read"), max_digits=14, decimal_places=6, null=True)
    cache_write = models.DecimalField(_("cache write"), max_digits=14, decimal_places=6, null=True)
    output = models.DecimalField(_("output"), max_digits=14, decimal_places=6, null=True)
    search_usd = models.DecimalField(
        _("USD per search"), max_digits=14, decimal_places=6, null=True
    )
    takes_back = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="taken_back_by",
        verbose_name=_("takes back"),
    )
    source = models.CharField(_("source"), max_length=200, blank=True)
    source_date = models.DateField(_("source read on"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    made_by = models.CharField(_("made by"), max_length=254)
    made_at = models.DateTimeField(_("made"))
    posted_by = models.CharField(_("posted by"), max_length=254, blank=True)
    posted_at = models.DateTimeField(_("to be posted since"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.COUNTING
    )
    place_at = models.DateTimeField(null=True)
    place_id = models.BigIntegerField(null=True)
    seen = models.BigIntegerField(_("rows looked at"), default=0)
    changed = models.BigIntegerField(_("rows corrected"), default=0)
    difference_nanos = models.BigIntegerField(_("difference, nano-USD"), default=0)
    # what the first attempt that could not be corrected made of it
    failure = models.CharField(_("failure"), max_length=400, blank=True, default="", db_default="")
    failed_call = models.UUIDField(_("call that failed"), null=True)
    since_id = models.BigIntegerField(null=True)
    late_until = models.DateTimeField(_("looked for late attempts until"), null=True)

    class Meta:
        verbose_name = _("price correction")
        verbose_name_plural = _("price corrections")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(start__lt=models.F("end")), name="correction_has_a_range"
            ),
        ]

    def __str__(self) -> str:
        return f"price correction {self.pk}"


class CorrectionPart(models.Model):
    """What a correction makes of one day, plan or payer. `booked_nanos`: as it stood before."""

    class By(models.TextChoices):
        DAY = "day", _("day")
        TIER = "tier", _("plan")
        PAYER = "payer", _("payer")

    correction = models.ForeignKey(
        PriceCorrection, models.CASCADE, related_name="parts", verbose_name=_("price correction")
    )
    by = models.CharField(_("by"), max_length=6, choices=By.choices)
    key = models.CharField(_("which"), max_length=60)
    rows = models.BigIntegerField(_("attempts"), default=0)
    booked_nanos = models.BigIntegerField(_("booked, nano-USD"), default=0)
    right_nanos = models.BigIntegerField(_("as it should be, nano-USD"), default=0)

    class Meta:
        verbose_name = _("part of a price correction")
        verbose_name_plural = _("parts of price corrections")
        constraints = [
            models.UniqueConstraint(fields=["correction", "by", "key"], name="one_part_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.key}"
