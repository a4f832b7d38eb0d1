"""Asking providers for their own figures: what was asked for, and how far that is."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageFetch(models.Model):
    """Days that a provider is asked about over its API: who wants them, and how far that is.
    `failure`: a sentence as `{"msgid", "values"}`, said in the language of who reads it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    provider = models.CharField(_("provider"), max_length=40)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    pages = models.PositiveIntegerField(_("pages read"), default=0)
    days_changed = models.PositiveIntegerField(_("days with new figures"), default=0)
    failure = models.JSONField(_("failure"), default=dict, blank=True)
    made_at = models.DateTimeField(_("asked for"))
    made_by = models.CharField(_("asked for by"), max_length=254)
    lease_until = models.DateTimeField(_("lease until"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("fetch of a provider's usage")
        verbose_name_plural = _("fetches of providers' usage")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=models.Q(state__in=["waiting", "running"]),
                name="one_open_fetch_per_provider",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.first_day} {self.last_day}"
