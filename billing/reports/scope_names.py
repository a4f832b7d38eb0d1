"""What people call a scope: an email for a user, a name for an organisation."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from accounts.models import ApiKey
from billing.models import ScopeKind
from billing.reports.payer_names import names_of

Scope = tuple[str, str]  # kind, id


def scope_names(scopes: Iterable[Scope]) -> Mapping[Scope, str]:
    """In the active language; at most three queries, however many there are."""
    asked = list(dict.fromkeys(scopes))
    people = [f"{kind}:{id}" for kind, id in asked if kind in ("user", "org")]
    known = names_of(people) if people else {}
    keys = [id for kind, id in asked if kind == ScopeKind.KEY]
    owners = dict(
        ApiKey.objects.filter(prefix__in=keys).values_list("prefix", "user__email")
    ) if keys else {}
    return {(kind, id): _name(kind, id, known, owners) for kind, id in asked}


def _every(kind: ScopeKind) -> str:
    """A rule may be about all of a kind."""
    words = {
        ScopeKind.PROVIDER: _("Every provider"), ScopeKind.TIER: _("Every tier"),
        ScopeKind.USER: _("Every user"), ScopeKind.ORGANISATION: _("Every organisation"),
        ScopeKind.KEY: _("Every API key"), ScopeKind.DEBATE: _("Every debate"),
    }
    return words.get(kind, str(kind.label))


def _name(kind: str, id: str, known: Mapping[str, str], owners: Mapping[str, str | None]) -> str:
    if kind == ScopeKind.PLATFORM:
        return _("The whole platform")
    if kind not in ScopeKind.values:
        return f"{kind} {id}".strip()
    label = ScopeKind(kind).label
    if not id:
        return _every(ScopeKind(kind))
    name = known.get(f"{kind}:{id}", id)
    if owner := owners.get(id) if kind == ScopeKind.KEY else None:
        name = f"{id} ({owner})"
    return _("%(kind)s: %(name)s") % {"kind": label, "name": name}
