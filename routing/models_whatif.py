"""Runs that answer "what would it have cost?": calls of the past, sent nowhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WhatIfRun(models.Model):
    """One range of past calls under other rules: what was asked, how far it is, what it found."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")

    title = models.CharField(_("title"), max_length=120)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"))
    changes = models.JSONField(_("changes"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    done = models.BigIntegerField(_("calls done"), default=0)
    total = models.BigIntegerField(_("calls in all"), default=0)
    result = models.JSONField(_("result"), default=dict)
    failure = models.CharField(_("failure"), max_length=300, blank=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=254)
    lease_until = models.DateTimeField(_("lease until"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("what-if run")
        verbose_name_plural = _("what-if runs")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.title
