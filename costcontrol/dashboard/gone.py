"""What pages of single calls say where old usage rows were let go."""

from datetime import datetime

from django.utils.translation import gettext as _

from billing import retention
from costcontrol import formats


def gone_before() -> datetime | None:
    """Calls from before are not kept one by one any more. None: all are."""
    return retention.kept_since()


def note(since: datetime | None, *, first: datetime, zone: str) -> str:
    """About a list that begins at `first`; empty where every call of it is kept."""
    if since is None or first >= since:
        return ""
    return _(
        "Calls from before %(day)s are no longer kept one by one: this list begins there. What "
        "they cost and saved is still in every chart."
    ) % {"day": formats.when(since, zone=zone)}
