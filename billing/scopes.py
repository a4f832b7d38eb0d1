"""What a budget can be put on, and how people write it: `platform`, `user:EMAIL`, `tier:free`."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import ApiKey, Organisation, Tier, User
from billing.models import ModelPrice, ScopeKind

KINDS = "platform, tier:NAME, user:EMAIL, org:NAME, key:PREFIX, provider:NAME, debate:ID"
ID_LENGTH = 128
BUDGETED = [kind for kind in ScopeKind if kind not in (ScopeKind.CREDIT, ScopeKind.OVERAGE)]


class UnknownScope(ValueError):
    """There is nothing of that name. The message is a sentence for the operator."""


def scope_parse(text: str) -> tuple[str, str]:
    """(kind, id) of a scope as people write it. Raises UnknownScope."""
    kind, _sep, name = text.partition(":")
    if kind not in BUDGETED:
        raise UnknownScope(
            _("“%(text)s” is not a scope; write %(kinds)s.") % {"text": text, "kinds": KINDS}
        )
    return kind, scope_check(kind, name)


def scope_check(kind: str, name: str) -> str:
    """The id that windows use for this scope. Raises UnknownScope if nothing is called so."""
    if kind == ScopeKind.PLATFORM:
        return platform_id(name)
    if not name or len(name) > ID_LENGTH:
        raise UnknownScope(
            _("Say which one is meant (%(kind)s), in up to %(max)d characters.")
            % {"kind": ScopeKind(kind).label, "max": ID_LENGTH}
        )
    finders = {
        ScopeKind.USER: user_id,
        ScopeKind.ORGANISATION: organisation_id,
        ScopeKind.TIER: tier_id,
        ScopeKind.KEY: key_id,
        ScopeKind.PROVIDER: provider_id,
    }
    finder = finders.get(ScopeKind(kind))
    return finder(name) if finder else name  # debates are named by the app that holds them


def listed(names: list[str]) -> str:
    return ", ".join(names) or _("none")


def platform_id(name: str) -> str:
    if name:
        raise UnknownScope(_("There is one platform; leave its name empty."))
    return ""


def user_id(name: str) -> str:
    """By email; end users of a service, who have none, by their number."""
    by_email = User.objects.filter(email__iexact=name)
    found = User.objects.filter(pk=int(name)) if name.isdecimal() else by_email
    pk = found.values_list("pk", flat=True).first()
    if pk is None:
        raise UnknownScope(_("There is no user %(name)s.") % {"name": name})
    return str(pk)


def organisation_id(name: str) -> str:
    """By name, or by number where two are called the same."""
    found = Organisation.objects.filter(name__iexact=name).values_list("pk", flat=True)[:2]
    if not found and name.isdecimal():
        found = Organisation.objects.filter(pk=int(name)).values_list("pk", flat=True)
    if not found:
        raise UnknownScope(_("There is no organisation %(name)s.") % {"name": name})
    if len(found) > 1:
        raise UnknownScope(
            _("Several organisations are called %(name)s; write the number of one.")
            % {"name": name}
        )
    return str(found[0])


def tier_id(name: str) -> str:
    names = sorted(Tier.objects.values_list("name", flat=True))
    if name not in names:
        raise UnknownScope(
            _("There is no tier %(name)s; there are: %(names)s.")
            % {"name": name, "names": listed(names)}
        )
    return name


def key_id(name: str) -> str:
    """By prefix; `cc-prefix-...` is understood as well."""
    prefix = name.removeprefix("cc-").partition("-")[0]
    if not ApiKey.objects.filter(prefix=prefix).exists():
        raise UnknownScope(
            _("There is no API key with the prefix %(prefix)s.") % {"prefix": prefix}
        )
    return prefix


def provider_id(name: str) -> str:
    priced = ModelPrice.objects.filter(superseded_at__isnull=True).order_by("provider")
    names = list(priced.values_list("provider", flat=True).distinct())
    if name not in names:
        raise UnknownScope(
            _("There is no provider %(name)s; there are: %(names)s.")
            % {"name": name, "names": listed(names)}
        )
    return name


def zone_check(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownScope(
            _("“%(name)s” is not a time zone; write one as Asia/Seoul.") % {"name": name}
        ) from None
    return name
