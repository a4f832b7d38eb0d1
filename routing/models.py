"""What an operator edits: deployments, the routing table, and answers kept for repeats."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.models_audits import TopicMatch as TopicMatch
from routing.models_cache import AliasVote as AliasVote
from routing.models_cache import AnswerRating as AnswerRating
from routing.models_cache import AnswerSeen as AnswerSeen
from routing.models_cache import PrecomputeBatch as PrecomputeBatch
from routing.models_cache import PrecomputeItem as PrecomputeItem
from routing.models_cache import PrecomputeRun as PrecomputeRun
from routing.models_cache import StoredAnswer as StoredAnswer
from routing.models_cache import TopicAlias as TopicAlias
from routing.models_cache import TopicCalibration as TopicCalibration
from routing.models_cache import TopicVector as TopicVector
from routing.models_debates import BackgroundCall as BackgroundCall
from routing.models_debates import CallKindRow as CallKindRow
from routing.models_debates import Debate as Debate
from routing.models_debates import Philosopher as Philosopher
from routing.models_debates import Topic as Topic
from routing.models_debates import Turn as Turn
from routing.models_debates import TurnEvent as TurnEvent
from routing.models_whatif import WhatIfRun as WhatIfRun


class Deployment(models.Model):
    """One model at one address. Its name is what callers and the ledger use."""

    class Provider(models.TextChoices):
        ANTHROPIC = "anthropic", "Anthropic"
        OPENAI = "openai", _("OpenAI, or anything that speaks its API")
        OLLAMA = "ollama", "Ollama"
        EMBEDDED = "embedded", _("the built-in demo model")
        FAKE = "fake", _("simulated, for tests and the demo")

    class ModelClass(models.TextChoices):
        LOCAL = "local", _("local")
        ECONOMY = "economy", _("economy")
        MID = "mid", _("mid")
        PREMIUM = "premium", _("premium")

    name = models.CharField(_("name"), max_length=160, unique=True)
    provider = models.CharField(_("provider"), max_length=20, choices=Provider.choices)
    model = models.CharField(_("model at the provider"), max_length=120)
    model_class = models.CharField(_("class"), max_length=10, choices=ModelClass.choices)
    base_url = models.URLField(
        _("address"), blank=True, help_text=_("empty: the provider's usual one")
    )
    api_key_env = models.CharField(
        _("environment variable with the key"), max_length=60, blank=True,
        help_text=_("empty: the provider's usual one"),
    )
    languages = models.JSONField(_("languages it speaks"), default=list)
    context_tokens = models.PositiveIntegerField(_("context, tokens"), default=128_000)
    max_output_tokens = models.PositiveIntegerField(_("longest answer, tokens"), default=8_192)
    max_concurrency = models.PositiveIntegerField(
        _("calls at the same time"), null=True, blank=True
    )
    timeout_s = models.FloatField(_("time-out, seconds"), default=120.0)
    priority = models.PositiveIntegerField(
        _("order within its class"), default=100, help_text=_("smaller is tried first")
    )
    token_factor = models.FloatField(
        _("token estimate factor"), default=1.0,
        help_text=_("billed tokens for each token of our own count"),
    )
    price_provider = models.CharField(
        _("priced as provider"), max_length=40, blank=True,
        help_text=_("empty: its own provider name"),
    )
    can_search = models.BooleanField(
        _("searches the web"), default=False,
        help_text=_("Anthropic only. Debates then look for evidence; each search is billed. "
                    "Topics, also those that users type, go to Anthropic's web search."),
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["model_class", "priority", "name"]

    def __str__(self) -> str:
        return self.name


class RoutePolicy(models.Model):
    """One version of the routing table: (route mode, complexity) -> classes, best first."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("retired")

    version = models.PositiveIntegerField(_("version"), unique=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    cells = models.JSONField(_("table"), help_text='{"hybrid": {"medium": ["economy", "local"]}}')
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    class Meta:
        verbose_name = _("routing policy")
        verbose_name_plural = _("routing policies")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"],
                condition=models.Q(status="published"),
                name="one_published_policy",
            )
        ]

    def __str__(self) -> str:
        return f"v{self.version} ({self.status})"


class IdempotentReply(models.Model):
    """One call that came with an `Idempotency-Key`: while it runs, and what it answered."""

    key_prefix = models.CharField(max_length=16)
    user_id = models.BigIntegerField()
    idempotency_key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    call_id = models.UUIDField()
    completion = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)
    lease_until = models.DateTimeField()

    class Meta:
        verbose_name = _("reply kept for a repeat")
        verbose_name_plural = _("replies kept for repeats")
        constraints = [
            models.UniqueConstraint(
                fields=["key_prefix", "user_id", "idempotency_key"], name="one_reply_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class CallText(models.Model):
    """What was asked and answered in one call, until it expires. Not in the admin: a look at it is
    audited, see `routing/texts.py`."""

    call_id = models.UUIDField(unique=True)
    user_id = models.BigIntegerField()
    at = models.DateTimeField()
    messages = models.JSONField()
    answer = models.TextField()
    is_cut = models.BooleanField(default=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("text of a call")
        verbose_name_plural = _("texts of calls")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.call_id)
