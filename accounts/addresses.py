"""Email addresses that nobody has to confirm, because staff or a command wrote them down."""

from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from accounts.models import User


def is_taken(email: str, *, by_others_than: int | None) -> bool:
    """Somebody else has confirmed that this address is theirs."""
    from allauth.account.models import EmailAddress

    confirmed = EmailAddress.objects.filter(email=email, verified=True)
    return bool(confirmed.exclude(user_id=by_others_than).exists())


@transaction.atomic
def address_vouch(user: "User") -> None:
    """`user.email` is the one they sign in with, and counts as confirmed.

    The address that was it before goes, and what others claimed without ever confirming it.
    """
    from allauth.account.models import EmailAddress

    if not user.email:
        return
    EmailAddress.objects.filter(user=user, primary=True).exclude(email=user.email).delete()
    EmailAddress.objects.filter(email=user.email, verified=False).exclude(user=user).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
