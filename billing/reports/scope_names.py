"""What people call a scope, the same on every page and in every message: an email for a user, a
name for an organisation."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiKey
from billing.models import ScopeKind
from billing.reports.payer_names import names_of
from billing.savings import PRECOMPUTE_TIER

Scope = tuple[str, str]  # kind, id
WORDS: Mapping[str, str | Promise] = {
    ScopeKind.PLATFORM: gettext_lazy("the whole platform"),
    ScopeKind.PROVIDER: gettext_lazy("provider %(name)s"),
    ScopeKind.TIER: gettext_lazy("tier %(name)s"),
    ScopeKind.USER: gettext_lazy("user %(name)s"),
    ScopeKind.ORGANISATION: gettext_lazy("organisation %(name)s"),
    ScopeKind.CREDIT: gettext_lazy("credit of %(name)s"),
    ScopeKind.OVERAGE: gettext_lazy("beyond the plan of %(name)s"),
    ScopeKind.KEY: gettext_lazy("key %(name)s"),
    ScopeKind.DEBATE: gettext_lazy("debate %(name)s"),
}


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
    name = known.get(f"{kind}:{id}", id)
    if owner := owners.get(id) if kind == ScopeKind.KEY else None:
        name = f"{id} ({owner})"
    return scope_name(kind, id, name=name)


def scope_name(kind: str, id: str, *, name: str = "") -> str:
    """`name`: what people call this one, where it has been looked up."""
    if kind == ScopeKind.PLATFORM:
        return _("The whole platform")
    if kind not in ScopeKind.values:
        return f"{kind} {id}".strip()
    if not id:
        return _every(ScopeKind(kind))
    if (kind, id) == (ScopeKind.TIER, PRECOMPUTE_TIER):  # nobody's tier: a worker's
        return _("Answers made ahead")
    return str(WORDS[kind]) % {"name": name or id}
