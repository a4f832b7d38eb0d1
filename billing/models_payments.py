"""Who pays, for what, and what we heard from Stripe. Amounts in money of the customer are integer
minor units of their currency (won have none, dollars have cents); what is spent on models is
nano-USD, as everywhere.

Stripe decides which plan somebody has; these rows are what it said when it was last asked
(`billing.payments.sync`), so that pages and reports need not ask.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Tier


class PlanPrice(models.Model):
    """What one plan costs in one currency: the price at Stripe, by its id or its lookup key."""

    class Interval(models.TextChoices):
        MONTH = "month", _("month")
        YEAR = "year", _("year")

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="prices", verbose_name=_("tier"))
    lookup_key = models.CharField(_("lookup key"), max_length=80, unique=True)
    stripe_price_id = models.CharField(_("price id at Stripe"), max_length=80, blank=True)
    currency = models.CharField(_("currency"), max_length=3, help_text=_("usd, krw"))
    amount_minor = models.BigIntegerField(_("amount, minor units"))
    interval = models.CharField(
        _("interval"), max_length=10, choices=Interval.choices, default=Interval.MONTH
    )
    trial_days = models.PositiveSmallIntegerField(_("trial, days"), default=0)
    is_offered = models.BooleanField(_("offered to customers"), default=True)

    class Meta:
        verbose_name = _("plan price")
        verbose_name_plural = _("plan prices")
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_price_id"], condition=~Q(stripe_price_id=""),
                name="one_plan_per_stripe_price",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="plan_price_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.lookup_key


class CreditPack(models.Model):
    """Model calls paid beforehand: so much nano-USD of them, to be used within some days."""

    name = models.SlugField(_("name"), primary_key=True, max_length=40)
    credit_nanos = models.BigIntegerField(_("credit, nano-USD"))
    valid_days = models.PositiveIntegerField(_("valid for, days"), default=365)
    is_offered = models.BooleanField(_("offered to customers"), default=True)

    class Meta:
        verbose_name = _("credit pack")
        verbose_name_plural = _("credit packs")
        constraints = [
            models.CheckConstraint(condition=Q(credit_nanos__gt=0), name="credit_pack_has_credit")
        ]

    def __str__(self) -> str:
        return self.name


class PackPrice(models.Model):
    """What one credit pack costs in one currency."""

    pack = models.ForeignKey(
        CreditPack, models.PROTECT, related_name="prices", verbose_name=_("credit pack")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("amount, minor units"))

    class Meta:
        verbose_name = _("price of a credit pack")
        verbose_name_plural = _("prices of credit packs")
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "currency"], name="one_pack_price_per_currency"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="pack_price_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.amount_minor} {self.currency}"


class Customer(models.Model):
    """Who pays: one user or one organisation; nobody after the account was deleted.

    `sync_asked` and `sync_written` number the looks at Stripe: an answer is written only if no
    later look has been written, so that a slow worker never overwrites newer facts.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="customer",
        verbose_name=_("user"),
    )
    organisation = models.OneToOneField(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="customer",
        verbose_name=_("organisation"),
    )
    stripe_id = models.CharField(
        _("id at Stripe"), max_length=80, unique=True, null=True, blank=True
    )
    base_tier = models.ForeignKey(
        Tier, models.PROTECT, default="free", related_name="+",
        verbose_name=_("tier without a subscription"),
    )
    # of the first subscription, for life
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    card = models.CharField(_("card"), max_length=40, blank=True)  # "visa 4242"
    sync_asked = models.BigIntegerField(_("looks at Stripe begun"), default=0, editable=False)
    sync_written = models.BigIntegerField(_("last look written down"), default=0, editable=False)
    synced_at = models.DateTimeField(_("asked Stripe last"), null=True, blank=True)
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    frozen_reason = models.CharField(_("frozen because"), max_length=200, blank=True)
    overage_ceiling_nanos = models.BigIntegerField(
        _("beyond the plan, at most a month, nano-USD"), null=True, blank=True
    )
    topup_pack = models.ForeignKey(
        CreditPack, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("pack bought when credit runs low"),
    )
    topup_below_nanos = models.BigIntegerField(_("bought below, nano-USD"), default=0)
    topups_per_day = models.PositiveSmallIntegerField(_("bought at most, a day"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("paying customer")
        verbose_name_plural = _("paying customers")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(organisation__isnull=True),
                name="customer_has_one_owner",
            )
        ]

    def __str__(self) -> str:
        return self.stripe_id or f"customer {self.pk}"


class Subscription(models.Model):
    """A subscription as Stripe described it last."""

    ACCESS = ("active", "trialing", "past_due")

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="subscriptions", verbose_name=_("customer")
    )
    stripe_id = models.CharField(_("id at Stripe"), max_length=80, unique=True)
    status = models.CharField(_("status"), max_length=30)
    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tier")
    )  # null: a price that no plan has
    price_id = models.CharField(_("price id at Stripe"), max_length=80, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("amount, minor units"), default=0)
    interval = models.CharField(_("interval"), max_length=10, default="month")
    started_at = models.DateTimeField(_("started"), null=True)
    period_start = models.DateTimeField(_("period from"), null=True)
    period_end = models.DateTimeField(_("period until"), null=True)
    trial_end = models.DateTimeField(_("trial until"), null=True)
    is_ending = models.BooleanField(_("ends with the period"), default=False)
    next_tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("tier from the next period"),
    )  # null: the same
    schedule_id = models.CharField(_("schedule at Stripe"), max_length=80, blank=True)
    past_due_since = models.DateTimeField(_("past due since"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    seen_at = models.DateTimeField(_("described"))

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.status}"


class Invoice(models.Model):
    """An invoice or a receipt as Stripe described it last."""

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="invoices", verbose_name=_("customer")
    )
    stripe_id = models.CharField(_("id at Stripe"), max_length=80, unique=True)
    number = models.CharField(_("number"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=20)  # draft open paid void uncollectible
    subject = models.CharField(_("for"), max_length=200, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.BigIntegerField(_("total, minor units"))
    paid_minor = models.BigIntegerField(_("paid, minor units"), default=0)
    refunded_minor = models.BigIntegerField(_("refunded, minor units"), default=0)
    tries = models.PositiveSmallIntegerField(_("attempts to charge"), default=0)
    created_at = models.DateTimeField(_("created"))
    paid_at = models.DateTimeField(_("paid at"), null=True)
    next_try_at = models.DateTimeField(_("charged again"), null=True)
    page_url = models.URLField(_("page"), max_length=1000, blank=True)
    pdf_url = models.URLField(_("PDF"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.number or self.stripe_id


class StripeEvent(models.Model):
    """A verified notice from Stripe. The table is the queue: `pending` rows are worked off."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        DONE = "done", _("done")
        IGNORED = "ignored", _("nothing to do")
        FAILED = "failed", _("failed")

    id = models.CharField(_("id"), primary_key=True, max_length=80)
    type = models.CharField(_("type"), max_length=80)
    created_at = models.DateTimeField(_("created at Stripe"))
    received_at = models.DateTimeField(_("received"))
    api_version = models.CharField(_("version"), max_length=40, blank=True)
    is_live = models.BooleanField(_("real money"))
    stripe_customer = models.CharField(_("customer"), max_length=80, blank=True)
    object_id = models.CharField(_("about"), max_length=80, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"))
    done_at = models.DateTimeField(_("done at"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("notice from Stripe")
        verbose_name_plural = _("notices from Stripe")
        ordering = ["-received_at"]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(state="pending"), name="pending_stripe_events"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class StripeRequest(models.Model):
    """Something we want of Stripe, written down before it is asked for.

    The idempotency key is made from this row's id: after a crash it is asked again with the same
    key, and happens once.
    """

    class State(models.TextChoices):
        OPEN = "open", _("asked")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="requests", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=30)  # customer checkout upgrade downgrade …
    params = models.JSONField(_("parameters"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    result_id = models.CharField(_("result"), max_length=120, blank=True)
    result_url = models.URLField(_("page"), max_length=2000, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("request to Stripe")
        verbose_name_plural = _("requests to Stripe")

    def __str__(self) -> str:
        return f"{self.kind}:{self.pk}"

    @property
    def idempotency_key(self) -> str:
        return f"costcontrol:{self.kind}:{self.pk}"


class CreditGrant(models.Model):
    """Credit that was paid for. What is left of it is in the ledger (`billing.credits`)."""

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="grants", verbose_name=_("customer")
    )
    source = models.CharField(_("source"), max_length=120, unique=True)  # Stripe's id, or staff:…
    charge_id = models.CharField(_("charge at Stripe"), max_length=80, blank=True)
    nanos = models.BigIntegerField(_("credit, nano-USD"))
    granted_at = models.DateTimeField(_("granted"))
    expires_at = models.DateTimeField(_("expires"))
    lapsed_nanos = models.BigIntegerField(_("lapsed unused, nano-USD"), default=0)
    reversed_nanos = models.BigIntegerField(_("taken back, nano-USD"), default=0)
    lapsed_at = models.DateTimeField(_("lapsed"), null=True, blank=True)

    class Meta:
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        constraints = [
            models.CheckConstraint(
                condition=Q(nanos__gt=0, lapsed_nanos__gte=0, reversed_nanos__gte=0),
                name="credit_amounts_are_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.nanos} {self.source}"


class SpendingAlert(models.Model):
    """A customer's wish to be told: at so many percent of a limit, or at an amount a day."""

    class Kind(models.TextChoices):
        QUOTA_PERCENT = "quota_percent", _("percent of a limit")
        CREDIT_BELOW = "credit_below", _("credit left, nano-USD")
        OVERAGE_PERCENT = "overage_percent", _("percent of the ceiling beyond the plan")

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="alerts", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    threshold = models.BigIntegerField(_("threshold"))
    is_on = models.BooleanField(_("on"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("spending alert")
        verbose_name_plural = _("spending alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind", "threshold"], name="one_alert_per_threshold"
            ),
            models.CheckConstraint(condition=Q(threshold__gt=0), name="alert_has_a_threshold"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.threshold}"


class SentNotice(models.Model):
    """An email that went out: the same one never goes twice. `about` names what it is about."""

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="notices", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=30)
    about = models.CharField(_("about"), max_length=160)
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("notice sent")
        verbose_name_plural = _("notices sent")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind", "about"], name="one_notice_about_one_thing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
