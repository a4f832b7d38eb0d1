"""Who is calling, as the rest of the product sees it: frozen values, no database behind them."""

from dataclasses import dataclass, replace

from accounts.models import ApiKey, Member, Organisation, Tier, User


@dataclass(frozen=True, slots=True)
class TierRules:
    """A frozen copy of a plan. `None` means unlimited."""

    name: str
    title: str
    route_mode: str
    debates_per_day: int | None
    requests_per_day: int | None
    calls_per_debate: int | None
    usd_per_day_nanos: int | None
    requests_per_minute: int | None
    concurrent_calls: int | None
    allowed_classes: tuple[str, ...]
    is_economy_exempt: bool

    @classmethod
    def of(cls, tier: Tier) -> "TierRules":
        return cls(
            name=tier.name, title=tier.title, route_mode=tier.route_mode,
            debates_per_day=tier.debates_per_day, requests_per_day=tier.requests_per_day,
            calls_per_debate=tier.calls_per_debate, usd_per_day_nanos=tier.usd_per_day_nanos,
            requests_per_minute=tier.requests_per_minute, concurrent_calls=tier.concurrent_calls,
            allowed_classes=tuple(tier.allowed_classes), is_economy_exempt=tier.is_economy_exempt,
        )


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose plan and quota a call is counted against: a user, or the organisation they are in."""

    kind: str  # "user" or "org", as the scopes of windows are called
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def of(cls, user: User) -> "Payer":
        organisation = organisation_of(user)
        return cls("org", str(organisation.pk)) if organisation else cls("user", str(user.pk))


def organisation_of(user: User) -> Organisation | None:
    """No query if `member__organisation__tier` was selected with the user."""
    member: Member | None = getattr(user, "member", None)
    return member.organisation if member else None


def plan_of(user: User) -> Tier:
    """The plan that counts: the organisation's for a member, else the user's own."""
    organisation = organisation_of(user)
    return organisation.tier if organisation else user.tier


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a call is made for, and the key it came with."""

    user_id: int
    user_uuid: str  # unlike the id, never given to anybody else, not even by another database
    key_prefix: str
    tier: TierRules
    is_service: bool = False  # the key may speak for end users
    is_end_user: bool = False
    is_staff: bool = False
    organisation_id: int | None = None
    owner_id: int | None = None  # of an end user: whose service key brought them

    @property
    def payer(self) -> Payer:
        """Whose plan and quota the calls are counted against."""
        if self.organisation_id is not None:
            return Payer("org", str(self.organisation_id))
        return Payer("user", str(self.user_id))

    @property
    def may_see_costs(self) -> bool:
        return self.is_service or self.is_staff

    @classmethod
    def of(cls, user: User, key: ApiKey) -> "Caller":
        return replace(
            cls.signed_in(user), key_prefix=key.prefix, is_service="service" in key.scopes
        )

    @classmethod
    def signed_in(cls, user: User) -> "Caller":
        """Somebody who calls from a page, without a key: the limits of their plan hold."""
        organisation = organisation_of(user)
        return cls(
            user_id=user.pk,
            user_uuid=str(user.uuid),
            key_prefix="",
            tier=TierRules.of(plan_of(user)),
            is_end_user=user.owner_id is not None,
            is_staff=user.is_staff and user.owner_id is None,
            organisation_id=organisation.pk if organisation else None,
            owner_id=user.owner_id,
        )
