"""Who is calling: people, their plan, their keys, and what staff changed."""

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.addresses import address_vouch


class Tier(models.Model):
    """One plan: what its users may ask for, and how much of it. `None` means unlimited."""

    class RouteMode(models.TextChoices):
        LOCAL = "local", _("local models only")
        HYBRID = "hybrid", _("local and cloud")
        CLOUD = "cloud", _("cloud models")

    name = models.SlugField(_("name"), primary_key=True, max_length=40)
    title = models.CharField(_("title"), max_length=80)
    route_mode = models.CharField(_("route mode"), max_length=10, choices=RouteMode.choices)
    debates_per_day = models.PositiveIntegerField(_("debates a day"), null=True, blank=True)
    requests_per_day = models.PositiveIntegerField(
        _("calls a day outside debates"), null=True, blank=True
    )
    calls_per_debate = models.PositiveIntegerField(
        _("calls in one debate"), null=True, blank=True, default=300
    )
    usd_per_day_nanos = models.BigIntegerField(
        _("money ceiling per user and day, nano-USD"), null=True, blank=True
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests a minute"), null=True, blank=True
    )
    concurrent_calls = models.PositiveIntegerField(
        _("calls at the same time"), null=True, blank=True
    )
    allowed_classes = models.JSONField(
        _("model classes it may use"), default=list,
        help_text='["local", "economy", "mid", "premium"]',
    )
    is_economy_exempt = models.BooleanField(
        _("keeps its routes when a budget is nearly used up"), default=False
    )
    rank = models.PositiveSmallIntegerField(
        _("rank: of two plans the higher one counts"), default=0
    )

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """By a command or by staff: their address counts as confirmed. Sign-ups come by a form."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        with transaction.atomic():
            user.save(using=self._db)
            address_vouch(user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an email address, or an end user that a service key speaks for.

    An end user has no email and no password: `owner` is the account whose service key brought
    them, `external_id` is what that service calls them.
    """

    uuid = models.UUIDField(_("public id"), default=uuid4, unique=True, editable=False)
    email = models.EmailField(_("email"), unique=True, null=True, blank=True)
    owner = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="end_users",
        verbose_name=_("brought by"),
    )
    external_id = models.CharField(_("id at the service"), max_length=128, blank=True)
    tier = models.ForeignKey(Tier, models.PROTECT, default="free", verbose_name=_("tier"))
    language = models.CharField(_("language"), max_length=8, blank=True)  # "": as the browser
    zone = models.CharField(_("time zone"), max_length=40, blank=True)  # "": the server's
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "external_id"],
                condition=models.Q(owner__isnull=False),
                name="one_user_per_external_id",
            ),
            models.CheckConstraint(
                condition=models.Q(email__isnull=False) | models.Q(owner__isnull=False),
                name="user_has_email_or_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.email or f"{self.external_id} @ {self.owner_id}"


class Organisation(models.Model):
    """Several people on one plan: they share its quota and its invoice."""

    uuid = models.UUIDField(_("public id"), default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80)
    tier = models.ForeignKey(Tier, models.PROTECT, default="free", verbose_name=_("tier"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """Somebody's place in an organisation. A person is in one at most."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")  # everything, and who belongs to it
        BILLING = "billing", _("billing")  # plan, invoices, alerts
        MEMBER = "member", _("member")  # calls on the shared quota

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="members", verbose_name=_("organisation")
    )
    user = models.OneToOneField(
        User, models.CASCADE, related_name="member", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.MEMBER)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(models.Model):
    """An email that asks somebody to join. The link holds a secret; we keep its SHA-256."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="invitations", verbose_name=_("organisation")
    )
    email = models.EmailField(_("email"))
    role = models.CharField(
        _("role"), max_length=10, choices=Member.Role.choices, default=Member.Role.MEMBER
    )
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"], name="one_invitation_per_address"
            )
        ]

    def __str__(self) -> str:
        return self.email


class UsedAssertion(models.Model):
    """A frontend's signed assertion that was exchanged for a token: it works once."""

    id = models.CharField(_("id"), primary_key=True, max_length=128)  # key prefix and `jti`
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("used assertion")
        verbose_name_plural = _("used assertions")

    def __str__(self) -> str:
        return self.id


class ApiKey(models.Model):
    """One key: a public prefix and the SHA-256 of a 256-bit secret. The secret is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=80, blank=True)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    scopes = models.JSONField(
        _("scopes"), default=list, help_text='["call"] or ["call", "service"]'
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"cc-{self.prefix}-…"


class AuditEvent(models.Model):
    """One change by a person or a command to a price, limit, tier or key. Never edited."""

    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    actor = models.CharField(_("who"), max_length=254)
    action = models.CharField(_("action"), max_length=60)
    target = models.CharField(_("target"), max_length=200)
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    request_id = models.CharField(_("request"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class Throttle(models.Model):
    """One user answered more slowly, or not at all, until an hour; set by staff or by an alert."""

    user = models.OneToOneField(
        User, models.CASCADE, related_name="throttle", verbose_name=_("user")
    )
    requests_per_minute = models.PositiveIntegerField(_("calls a minute"))  # 0: suspended
    until = models.DateTimeField(_("until"), null=True, blank=True)  # null: until it is lifted
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    made_by = models.CharField(_("set by"), max_length=254)
    made_at = models.DateTimeField(_("set"))

    class Meta:
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.requests_per_minute}"
