"""Texts that were taken for a topic by likeness alone, drawn by lot for staff to judge."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.models_cache import TopicAlias
from routing.models_debates import Topic


class TopicMatch(models.Model):
    """`text` is what somebody typed: it is here until staff have judged it, or its days are over.

    `draw`: a digest of text and topic, by which the same is not kept twice; `times`: how often it
    was drawn. `user_id`: with whose account it goes; null once nothing of theirs is left. `alias`:
    what a wrong one put in quarantine.
    """

    class Verdict(models.TextChoices):
        WAITING = "", _("not judged")
        RIGHT = "right", _("right")
        WRONG = "wrong", _("wrong")

    draw = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  # null: let go
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="matches")
    language = models.CharField(max_length=8)
    embedder = models.CharField(max_length=64)  # its hash
    embedder_name = models.CharField(max_length=80)
    text = models.CharField(max_length=300, blank=True)
    user_id = models.BigIntegerField(null=True, db_index=True)
    similarity = models.FloatField()
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    verdict = models.CharField(max_length=5, choices=Verdict.choices, blank=True)
    judged_at = models.DateTimeField(null=True)
    alias = models.ForeignKey(TopicAlias, models.SET_NULL, null=True, related_name="matches")

    class Meta:
        verbose_name = _("match that was drawn to be judged")
        verbose_name_plural = _("matches that were drawn to be judged")
        indexes = [models.Index(fields=["verdict", "at"], name="matches_by_verdict")]

    def __str__(self) -> str:
        return f"{self.topic_id}: match {self.pk}"
