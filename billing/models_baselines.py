"""What calls are compared with, to say what was saved: named, frozen, and never edited."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Baseline(models.Model):
    """One version of a named baseline. A newer version supersedes it; nothing else changes.

    `definition` has the prices copied in, so that no change of a price, a model or a route moves
    a figure of the past. See `billing/baselines.py` for the two kinds there are.
    """

    name = models.CharField(_("name"), max_length=40)
    title = models.CharField(_("title"), max_length=160)
    version = models.PositiveSmallIntegerField(_("version"))
    frozen_at = models.DateTimeField(_("frozen"))
    superseded_at = models.DateTimeField(_("superseded"), null=True, blank=True)
    is_default = models.BooleanField(_("the usual one"), default=False)
    definition = models.JSONField(_("definition"), default=dict)

    class Meta:
        verbose_name = _("baseline of savings")
        verbose_name_plural = _("baselines of savings")
        ordering = ["-is_default", "name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_baseline_per_version"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(superseded_at=None), name="one_open_baseline"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
