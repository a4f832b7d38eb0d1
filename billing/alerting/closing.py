"""What alerts, imports, corrections and saved views know of somebody whose account is closed: their
name goes from all of it."""

from datetime import datetime
from typing import Any

from accounts.closing import shell_address
from accounts.models import User
from billing.models_corrections import PriceCorrection
from billing.models_fetches import UsageFetch
from billing.models_operator import Alert, AlertChannel, AlertRule, SavedView, UsageImport


def account_closes(sender: Any, *, user: User, at: datetime, **_more: Any) -> None:
    """Alerts go on without them: their email is no channel any more."""
    name = shell_address(user)
    AlertRule.objects.filter(made_by=user.email).update(made_by=name)
    Alert.objects.filter(changed_by=user.email).update(changed_by=name)
    UsageImport.objects.filter(made_by=user.email).update(made_by=name)
    UsageFetch.objects.filter(made_by=user.email).update(made_by=name)
    PriceCorrection.objects.filter(made_by=user.email).update(made_by=name)
    PriceCorrection.objects.filter(posted_by=user.email).update(posted_by=name)
    SavedView.objects.filter(owner_id=user.pk, is_shared=False).delete()
    AlertChannel.objects.filter(
        kind=AlertChannel.Kind.EMAIL, address__iexact=str(user.email)
    ).delete()
