"""What is written down of each attempt: the only source of figures about money."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageRecord(models.Model):
    """One attempt of one call, or its answer from a cache, or its refusal.

    Rows of one call share `call_id`; `attempt` counts from 1, and is 0 where no provider was
    asked. Prices are copied in, so that an old row can be explained after prices change.
    """

    class Outcome(models.TextChoices):
        COMPLETE = "complete", _("complete")
        INCOMPLETE = "incomplete", _("cut off")
        CANCELLED = "cancelled", _("the client hung up")
        FAILED = "failed", _("the provider failed")
        CACHED = "cached", _("answered from the cache")
        REFUSED = "refused", _("refused")
        CORRECTED = "corrected", _("price corrected")  # no call: see `corrects_id`

    class Confidence(models.TextChoices):
        EXACT = "exact", _("reported by the provider")
        ESTIMATED = "estimated", _("estimated")

    class PaidFrom(models.TextChoices):
        PLAN = "plan", _("the plan")
        CREDIT = "credit", _("credit")
        OVERAGE = "overage", _("beyond the plan")

    call_id = models.UUIDField(_("call"))
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    reservation_id = models.UUIDField(_("reservation"), null=True, unique=True)
    at = models.DateTimeField(_("when"))
    user_id = models.BigIntegerField(_("user id"))
    key_prefix = models.CharField(_("key"), max_length=16, blank=True)
    tier = models.CharField(_("tier"), max_length=40)
    debate_id = models.CharField(_("debate"), max_length=128, blank=True)
    call_kind = models.CharField(_("call kind"), max_length=40, blank=True)
    complexity = models.CharField(_("complexity"), max_length=10, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    requested_model = models.CharField(_("requested model"), max_length=160)
    deployment = models.CharField(_("deployment"), max_length=160, blank=True)
    model_class = models.CharField(_("class"), max_length=10, blank=True)
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    cache_layer = models.CharField(_("cache layer"), max_length=16, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    stop_reason = models.CharField(_("stop reason"), max_length=20, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    is_economy = models.BooleanField(_("economy mode"), default=False)
    max_output_tokens = models.PositiveIntegerField(_("longest answer allowed, tokens"), null=True)
    fresh_input_tokens = models.PositiveIntegerField(_("fresh input, tokens"), null=True)
    cache_read_tokens = models.PositiveIntegerField(_("cache read, tokens"), null=True)
    cache_write_tokens = models.PositiveIntegerField(_("cache write, tokens"), null=True)
    output_tokens = models.PositiveIntegerField(_("output, tokens"), null=True)
    searches = models.PositiveIntegerField(_("searches"), null=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence.choices)
    # user:12, org:3
    payer = models.CharField(_("paid by"), max_length=40, blank=True, db_default="")
    paid_from = models.CharField(
        _("paid from"), max_length=10, choices=PaidFrom.choices, default=PaidFrom.PLAN,
        db_default=PaidFrom.PLAN,
    )
    # where in a debate; null: not said (a column with a default would rebuild the table)
    stage = models.CharField(_("stage"), max_length=40, null=True)  # noqa: DJ001
    speaker = models.CharField(_("speaker"), max_length=40, null=True)  # noqa: DJ001
    parent_call_id = models.UUIDField(_("made for call"), null=True)
    answer_id = models.BigIntegerField(_("stored answer"), null=True)  # that it was answered with
    is_holdout = models.BooleanField(_("held out to check savings"), null=True)  # null: no
    price_id = models.BigIntegerField(_("price row"), null=True)
    price_fresh_input = models.DecimalField(
        _("price of input"), max_digits=14, decimal_places=6, null=True
    )
    price_cache_read = models.DecimalField(
        _("price of cache read"), max_digits=14, decimal_places=6, null=True
    )
    price_cache_write = models.DecimalField(
        _("price of cache write"), max_digits=14, decimal_places=6, null=True
    )
    price_output = models.DecimalField(
        _("price of output"), max_digits=14, decimal_places=6, null=True
    )
    held_nanos = models.BigIntegerField(_("held, nano-USD"), default=0)
    cost_nanos = models.BigIntegerField(_("cost, nano-USD"), default=0)
    search_nanos = models.BigIntegerField(_("of it for searches, nano-USD"), null=True)
    baseline = models.CharField(_("baseline"), max_length=160, blank=True)
    baseline_nanos = models.BigIntegerField(_("cost on the baseline, nano-USD"), null=True)
    prompt_cache_nanos = models.BigIntegerField(_("saved by the prompt cache, nano-USD"), default=0)
    limits_ms = models.PositiveIntegerField(_("limits, ms"), null=True)  # null: not recorded
    cache_ms = models.PositiveIntegerField(_("cache, ms"), null=True)
    policy_ms = models.PositiveIntegerField(_("policy, ms"), null=True)
    # since the call came in
    begun_ms = models.PositiveIntegerField(_("begun after, ms"), null=True)
    waited_ms = models.PositiveIntegerField(_("waited, ms"), default=0)  # for its hold
    first_token_ms = models.PositiveIntegerField(_("first token after, ms"), null=True)
    latency_ms = models.PositiveIntegerField(_("took, ms"), default=0)
    # of what another row cost, when the price book was wrong (`billing.corrections`); null: no
    # correction. Its costs are differences, and may be below 0.
    correction_id = models.BigIntegerField(_("price correction"), null=True)
    corrects_id = models.BigIntegerField(_("row that it corrects"), null=True)
    corrects_outcome = models.CharField(  # noqa: DJ001
        _("outcome of that row"), max_length=12, null=True
    )

    class Meta:
        verbose_name = _("usage record")
        verbose_name_plural = _("usage records")
        indexes = [
            models.Index(fields=["call_id", "attempt"], name="usage_by_call"),
            models.Index(fields=["user_id", "at"], name="usage_by_user"),
            models.Index(  # holds what calls are filtered by, so that their rows are not opened
                fields=[
                    "at", "id", "outcome", "tier", "language", "deployment", "call_kind",
                    "key_prefix", "error_code",
                ],
                name="usage_by_time",
            ),
            models.Index(
                fields=["debate_id", "at"], condition=~models.Q(debate_id=""),
                name="usage_by_debate",
            ),
            models.Index(
                fields=["deployment", "call_kind", "language", "-id"], name="usage_output_lengths"
            ),
            models.Index(
                fields=["answer_id", "-at"], condition=models.Q(answer_id__isnull=False),
                name="usage_by_answer",
            ),
        ]
        constraints = [
            models.UniqueConstraint(  # with `at`, by which PostgreSQL cuts the table
                fields=["correction_id", "corrects_id", "at"],
                condition=models.Q(correction_id__isnull=False), name="one_correction_per_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_id}/{self.attempt}"


class CallUse(models.Model):
    """The answer of one call stood in the prompt of another. Who is in no such row, and was not
    shown to anybody, was paid for nothing."""

    call_id = models.UUIDField(_("call"))
    used_by = models.UUIDField(_("used by call"))

    class Meta:
        verbose_name = _("use of a call")
        verbose_name_plural = _("uses of calls")
        constraints = [
            models.UniqueConstraint(fields=["call_id", "used_by"], name="one_use_per_pair")
        ]

    def __str__(self) -> str:
        return f"{self.call_id} -> {self.used_by}"
