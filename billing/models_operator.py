"""What the people who run the platform write down: views they come back to, alerts and who hears
of them, providers' own figures to compare with."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SavedView(models.Model):
    """A page with its filters, under a name. `query` is the page's own address."""

    owner_id = models.BigIntegerField(_("owner"), db_index=True)
    page = models.CharField(_("page"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    is_shared = models.BooleanField(_("shown to all staff"), default=False)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "page", "name"], name="one_view_per_name")
        ]

    def __str__(self) -> str:
        return f"{self.page}: {self.name}"


class AlertChannel(models.Model):
    """Where alerts go. `secret` signs what a webhook is sent; it is shown once."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("email")
        SLACK = "slack", _("Slack, or what reads its format")
        WEBHOOK = "webhook", _("signed webhook")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80)
    address = models.CharField(_("address"), max_length=500)
    secret = models.CharField(_("secret"), max_length=80, blank=True)
    is_on = models.BooleanField(_("on"), default=True)
    made_at = models.DateTimeField(_("made"))
    last_ok_at = models.DateTimeField(_("last delivered"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("alert channel")
        verbose_name_plural = _("alert channels")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """When somebody is told. The unit of `threshold` goes by the kind: percent of the cap for
    budgets and forecasts, basis points for error rates and differences, nano-USD in the window for
    one user, a number of calls where no price is known, times the usual for anomalies."""

    class Kind(models.TextChoices):
        BUDGET = "budget", _("part of a budget used")
        FORECAST = "forecast", _("budget will not last")
        ANOMALY = "anomaly", _("spend out of the ordinary")
        ERROR_RATE = "error_rate", _("calls fail")
        UNPRICED = "unpriced", _("calls without a price")
        RECONCILE = "reconcile", _("provider's figures differ")
        USER_WINDOW = "user", _("one user spends much")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    scope_kind = models.CharField(_("scope"), max_length=12, default="platform")  # a ScopeKind
    scope_id = models.CharField(_("of"), max_length=128, blank=True)
    threshold = models.BigIntegerField(_("threshold"))
    window_minutes = models.PositiveIntegerField(_("looks back, minutes"), default=60)
    channels = models.ManyToManyField(AlertChannel, blank=True, verbose_name=_("channels"))
    is_on = models.BooleanField(_("on"), default=True)
    made_by = models.CharField(_("made by"), max_length=254)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["kind", "scope_kind", "scope_id", "threshold"]

    def __str__(self) -> str:
        return f"{self.kind} {self.scope_kind}:{self.scope_id} {self.threshold}".strip()


class Alert(models.Model):
    """One thing that happened: one row for a rule, a period, a threshold and a subject."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("state of an alert", "open")
        ACKNOWLEDGED = "seen", _("acknowledged")
        SNOOZED = "snoozed", _("snoozed")
        RESOLVED = "resolved", _("over")

    rule = models.ForeignKey(
        AlertRule, on_delete=models.CASCADE, related_name="alerts", verbose_name=_("rule")
    )
    period = models.CharField(_("period"), max_length=60)
    threshold = models.BigIntegerField(_("threshold"))
    subject = models.CharField(_("about"), max_length=160, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    ended_state = models.CharField(  # what it was when it was over last: it may come back
        _("state before it was over"), max_length=10, choices=State.choices, blank=True
    )
    value = models.BigIntegerField(_("value"))
    details = models.JSONField(_("details"), default=dict)
    opened_at = models.DateTimeField(_("opened"), db_index=True)
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.CharField(_("changed by"), max_length=254, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "period", "threshold", "subject"], name="one_alert_per_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.period}"


class AlertDelivery(models.Model):
    """One message to one channel, tried again until it arrives or is given up. No alert: a test."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("delivered")
        FAILED = "failed", _("not delivered")

    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, null=True, related_name="deliveries",
        verbose_name=_("alert"),
    )
    channel = models.ForeignKey(
        AlertChannel, on_delete=models.CASCADE, related_name="deliveries",
        verbose_name=_("channel"),
    )
    event = models.CharField(_("event"), max_length=20)  # opened, resolved, back, again, test
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, db_index=True)
    made_at = models.DateTimeField(_("made"))
    sent_at = models.DateTimeField(_("delivered"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("delivery of an alert")
        verbose_name_plural = _("deliveries of alerts")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.event} {self.state}"


class ReportSubscription(models.Model):
    """A member of staff who wants the report of each month by email."""

    user_id = models.BigIntegerField(_("user"), unique=True)
    made_at = models.DateTimeField(_("made"))
    last_month = models.CharField(_("last sent"), max_length=7, blank=True)  # 2026-11

    class Meta:
        verbose_name = _("subscription of the monthly report")
        verbose_name_plural = _("subscriptions of the monthly report")

    def __str__(self) -> str:
        return str(self.user_id)


class UsageImport(models.Model):
    """A provider's own account of some days, as it was given to us."""

    class Source(models.TextChoices):
        CSV = "csv", _("file")
        API = "api", _("provider's API")

    provider = models.CharField(_("provider"), max_length=40)
    source = models.CharField(_("source"), max_length=4, choices=Source.choices)
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    digest = models.CharField(_("digest"), max_length=64)
    zone = models.CharField(_("time zone of its days"), max_length=40, default="UTC")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    made_at = models.DateTimeField(_("imported"))
    made_by = models.CharField(_("imported by"), max_length=254)

    class Meta:
        verbose_name = _("import of a provider's usage")
        verbose_name_plural = _("imports of providers' usage")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "digest"], name="one_import_per_file")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.first_day} {self.last_day}"


class UsageImportLine(models.Model):
    """One model on one day, as the provider counts it. Null: it does not say."""

    usage_import = models.ForeignKey(
        UsageImport, on_delete=models.CASCADE, related_name="lines", verbose_name=_("import")
    )
    day = models.DateField(_("day"))
    model = models.CharField(_("model"), max_length=120)
    requests = models.BigIntegerField(_("requests"), null=True)
    fresh_input_tokens = models.BigIntegerField(_("fresh input, tokens"), null=True)
    cache_read_tokens = models.BigIntegerField(_("cache read, tokens"), null=True)
    cache_write_tokens = models.BigIntegerField(_("cache write, tokens"), null=True)
    output_tokens = models.BigIntegerField(_("output, tokens"), null=True)
    cost_nanos = models.BigIntegerField(_("cost, nano-USD"), null=True)

    class Meta:
        verbose_name = _("line of a provider's usage")
        verbose_name_plural = _("lines of providers' usage")
        ordering = ["day", "model"]
        constraints = [
            models.UniqueConstraint(
                fields=["usage_import", "day", "model"], name="one_line_per_model_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"

    @property
    def says_nothing(self) -> bool:
        """It only says that its days were asked for, and that nothing was used on them."""
        return not (self.model or self.cost_nanos or self.output_tokens or self.fresh_input_tokens)
