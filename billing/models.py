"""What a call costs and who pays. Amounts are integer nano-USD."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models_baselines import Baseline as Baseline
from billing.models_corrections import CorrectionPart as CorrectionPart
from billing.models_corrections import PriceCorrection as PriceCorrection
from billing.models_days import DailyDebate as DailyDebate
from billing.models_days import DailyDebateCount as DailyDebateCount
from billing.models_days import DailyLatency as DailyLatency
from billing.models_days import DailyOutcome as DailyOutcome
from billing.models_days import DailyRule as DailyRule
from billing.models_days import DailySaving as DailySaving
from billing.models_days import DailyUsage as DailyUsage
from billing.models_fetches import UsageFetch as UsageFetch
from billing.models_months import MonthlySaving as MonthlySaving
from billing.models_months import MonthlyUser as MonthlyUser
from billing.models_operator import Alert as Alert
from billing.models_operator import AlertChannel as AlertChannel
from billing.models_operator import AlertDelivery as AlertDelivery
from billing.models_operator import AlertRule as AlertRule
from billing.models_operator import ReportSubscription as ReportSubscription
from billing.models_operator import SavedView as SavedView
from billing.models_operator import UsageImport as UsageImport
from billing.models_operator import UsageImportLine as UsageImportLine
from billing.models_payments import CreditGrant as CreditGrant
from billing.models_payments import CreditPack as CreditPack
from billing.models_payments import Customer as Customer
from billing.models_payments import Invoice as Invoice
from billing.models_payments import PackPrice as PackPrice
from billing.models_payments import PlanPrice as PlanPrice
from billing.models_payments import SentNotice as SentNotice
from billing.models_payments import SpendingAlert as SpendingAlert
from billing.models_payments import StripeEvent as StripeEvent
from billing.models_payments import StripeRequest as StripeRequest
from billing.models_payments import Subscription as Subscription
from billing.models_rollup import DailyPayer as DailyPayer
from billing.models_rollup import HourlyDebate as HourlyDebate
from billing.models_rollup import HourlyLatency as HourlyLatency
from billing.models_rollup import HourlyOutcome as HourlyOutcome
from billing.models_rollup import HourlyRule as HourlyRule
from billing.models_rollup import HourlySaving as HourlySaving
from billing.models_rollup import HourlyUsage as HourlyUsage
from billing.models_rollup_state import FilterValue as FilterValue
from billing.models_rollup_state import LateRow as LateRow
from billing.models_rollup_state import RollupState as RollupState
from billing.models_slices import DailyFacet as DailyFacet
from billing.models_slices import DailySlice as DailySlice
from billing.models_slices import DailyUser as DailyUser
from billing.models_slices import HourlyFacet as HourlyFacet
from billing.models_slices import HourlySlice as HourlySlice
from billing.models_slices import HourlyUser as HourlyUser
from billing.models_slices import HourlyUserSlice as HourlyUserSlice
from billing.models_usage import CallUse as CallUse
from billing.models_usage import UsageRecord as UsageRecord


class ModelPrice(models.Model):
    """The price of one model from one instant on, for requests of at least `min_input_tokens`.

    USD per million tokens. Rows are superseded (`superseded_at`), never edited.
    """

    class Processing(models.TextChoices):
        STANDARD = "standard", _("standard")
        BATCH = "batch", _("batch")

    provider = models.CharField(_("provider"), max_length=40)
    model = models.CharField(_("model"), max_length=120)
    processing = models.CharField(
        _("processing"), max_length=10, choices=Processing.choices, default=Processing.STANDARD
    )
    min_input_tokens = models.PositiveIntegerField(_("from input tokens"), default=0)
    fresh_input = models.DecimalField(_("input"), max_digits=14, decimal_places=6)
    cache_read = models.DecimalField(_("cache read"), max_digits=14, decimal_places=6)
    cache_write = models.DecimalField(_("cache write"), max_digits=14, decimal_places=6)
    output = models.DecimalField(_("output"), max_digits=14, decimal_places=6)
    search_usd = models.DecimalField(
        _("USD per search"), max_digits=14, decimal_places=6, default=0
    )
    effective_from = models.DateTimeField(_("from"))
    superseded_at = models.DateTimeField(_("until"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200)
    source_date = models.DateField(_("source read on"))

    class Meta:
        verbose_name = _("model price")
        verbose_name_plural = _("model prices")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "model", "processing", "min_input_tokens", "effective_from"],
                name="one_price_per_instant",
            ),
            models.UniqueConstraint(
                fields=["provider", "model", "processing", "min_input_tokens"],
                condition=models.Q(superseded_at__isnull=True),
                name="one_open_price",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    fresh_input__gte=0, cache_read__gte=0, cache_write__gte=0, output__gte=0,
                    search_usd__gte=0,
                ),
                name="price_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} {self.fresh_input}/{self.output}"


class Metric(models.TextChoices):
    USD = "usd", _("money, nano-USD")
    DEBATES = "debates", _("debates")
    REQUESTS = "requests", _("calls outside debates")
    CONCURRENT = "concurrent", _("calls at the same time")


class ScopeKind(models.TextChoices):
    PLATFORM = "platform", _("the whole platform")
    PROVIDER = "provider", _("a provider")
    TIER = "tier", _("all users of a tier")
    USER = "user", _("a user")
    ORGANISATION = "org", _("an organisation")
    CREDIT = "credit", _("a customer’s credit")
    OVERAGE = "overage", _("a customer’s use beyond the plan")
    KEY = "key", _("an API key")
    DEBATE = "debate", _("a debate")


class Budget(models.Model):
    """How much one scope may spend in each period: the rule. `Window` is where it is counted."""

    class Period(models.TextChoices):
        DAY = "day", _("day")
        MONTH = "month", _("month")
        TOTAL = "total", _("ever")

    scope_kind = models.CharField(_("scope"), max_length=10, choices=ScopeKind.choices)
    scope_id = models.CharField(
        _("of"), max_length=128, blank=True, help_text=_("empty for the platform")
    )
    period = models.CharField(
        _("period"), max_length=10, choices=Period.choices, default=Period.DAY
    )
    cap_nanos = models.BigIntegerField(_("cap, nano-USD"))
    soft_percent = models.PositiveSmallIntegerField(_("economy mode from, percent"), default=80)
    zone = models.CharField(_("time zone of the day"), max_length=40, default="Asia/Seoul")

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_kind", "scope_id", "period"], name="one_budget_per_scope_and_period"
            ),
            models.CheckConstraint(
                condition=models.Q(cap_nanos__gte=0), name="budget_cap_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind}:{self.scope_id}/{self.period}".replace(":/", "/")


class BookVersion(models.Model):
    """One row: counts the changes of budgets and plans. A reservation by an older book fails."""

    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "budget_book"
        verbose_name = _("version of the budgets")
        verbose_name_plural = _("versions of the budgets")

    def __str__(self) -> str:
        return str(self.version)


class Window(models.Model):
    """What one scope has spent and holds in one span of time. Never reset: a new day, a new row."""

    scope_kind = models.CharField(_("scope"), max_length=10, choices=ScopeKind.choices)
    scope_id = models.CharField(_("of"), max_length=128, blank=True)
    metric = models.CharField(_("metric"), max_length=10, choices=Metric.choices)
    period = models.CharField(_("period"), max_length=10)
    start = models.DateTimeField(_("start"))
    zone = models.CharField(_("zone"), max_length=40)
    end = models.DateTimeField(_("end"), null=True)
    cap = models.BigIntegerField(_("cap"))
    soft_percent = models.PositiveSmallIntegerField(_("soft percent"), default=80)
    spent = models.BigIntegerField(_("spent"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    rank = models.SmallIntegerField(_("rank"))
    # the rule's cap, while this window alone has a higher one
    raised_from = models.BigIntegerField(_("raised once, from"), null=True)

    class Meta:
        db_table = "budget_window"
        verbose_name = _("budget window")
        verbose_name_plural = _("budget windows")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_kind", "scope_id", "metric", "period", "start", "zone"],
                name="one_window_per_span",
            ),
            models.CheckConstraint(
                condition=models.Q(spent__gte=0), name="window_spent_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(held__gte=0), name="window_held_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind}:{self.scope_id} {self.metric} {self.start:%Y-%m-%d}"


class Reservation(models.Model):
    """Money and quota set aside for one attempt at one provider, until it is settled.

    `holds` is [[window id, amount, charge], ...]: for money the amount is the worst case and the
    charge is decided when it settles (null); for counted things (`requests`, `debates`) it is fixed
    beforehand (1), and for `concurrent` it is 0. `facts` is what a usage row needs to know, so that
    the sweeper can write one for an attempt whose worker died.
    """

    class State(models.IntegerChoices):
        HELD = 0, _("held")
        SENT = 1, _("sent")
        SETTLED = 2, _("settled")
        RELEASED = 3, _("released")
        ESTIMATED = 4, _("estimated")

    id = models.UUIDField(primary_key=True)
    call_id = models.UUIDField(_("call"), db_index=True)
    holds = models.JSONField(_("holds"))
    amount = models.BigIntegerField(_("amount"))
    progress = models.BigIntegerField(_("progress"), default=0)
    charged = models.BigIntegerField(_("charged"), null=True)
    state = models.SmallIntegerField(_("state"), choices=State.choices, default=State.HELD)
    lease_until_ms = models.BigIntegerField(_("lease until, ms"))
    provider = models.CharField(_("provider"), max_length=40)
    model = models.CharField(_("model"), max_length=120)
    facts = models.JSONField(_("facts"), default=dict)
    created_ms = models.BigIntegerField(_("created, ms"))

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        indexes = [
            models.Index(
                fields=["lease_until_ms"],
                condition=models.Q(state__in=[0, 1]),
                name="open_reservations",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class LedgerEntry(models.Model):
    """One movement of `spent` of one window. Append-only: a trigger refuses UPDATE and DELETE."""

    class Kind(models.TextChoices):
        SETTLE = "settle", _("settled")
        ESTIMATE = "estimate", _("estimated")
        CORRECTION = "correction", _("corrected")
        REFUND = "refund", _("refunded")

    window = models.ForeignKey(
        Window, models.PROTECT, related_name="entries", verbose_name=_("window")
    )
    reservation_id = models.UUIDField(_("reservation"), db_index=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    delta = models.BigIntegerField(_("change"))
    at_ms = models.BigIntegerField(_("at, ms"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")

    def __str__(self) -> str:
        return f"{self.kind} {self.delta}"
