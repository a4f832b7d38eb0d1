"""Whoever looks at a customer's page: for whom it is shown, in which role, zone and plan."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest

from accounts.models import Organisation, Tier, User
from accounts.types import Payer, plan_of
from costcontrol.account.access import Role, current_payer, role_of

WHO_PAYS: tuple[Role, ...] = ("owner", "billing")


@dataclass(frozen=True, slots=True)
class Viewer:
    user: User
    payer: Payer
    role: Role
    zone: str

    @property
    def may_pay(self) -> bool:
        return self.role in WHO_PAYS

    @property
    def tier(self) -> Tier:
        """The plan that counts; the organisation's for a member."""
        return plan_of(self.user)

    @property
    def is_for_all(self) -> bool:
        """Whether the page adds up the calls of all members."""
        return self.may_pay and self.payer.kind == "org"

    @property
    def user_ids(self) -> list[int]:
        """Whose calls the page adds up: those who look after the bills see all members'."""
        if not self.is_for_all:
            return [self.user.pk]
        members = Organisation.objects.get(pk=int(self.payer.id)).members
        return list(members.values_list("user_id", flat=True))

    @property
    def actor(self) -> str:
        return str(self.user)


def viewer_of(request: HttpRequest) -> Viewer:
    user = request.user
    assert isinstance(user, User)
    return Viewer(user, current_payer(request), role_of(request), zone_of(user))


def zone_of(user: User) -> str:
    """Their own, else the server's. One that this machine does not know is no reason to fail."""
    try:
        return ZoneInfo(user.zone).key if user.zone else settings.DEFAULT_ZONE
    except (KeyError, ValueError, OSError):
        return str(settings.DEFAULT_ZONE)
