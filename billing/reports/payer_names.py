"""What people call a payer: an email, an end user's id, an organisation's name."""

from collections.abc import Iterable, Mapping

from accounts.models import Organisation, User


def names_of(payers: Iterable[str]) -> Mapping[str, str]:
    """Two queries, however many there are. Whoever is gone is not in it."""
    ids: dict[str, list[int]] = {"user": [], "org": []}
    for payer in payers:
        kind, _colon, number = payer.partition(":")
        if kind in ids and number.isdecimal():
            ids[kind].append(int(number))
    users = User.objects.filter(pk__in=ids["user"]).values_list("pk", "email", "external_id")
    named = {f"user:{pk}": email or external_id for pk, email, external_id in users}
    organisations = Organisation.objects.filter(pk__in=ids["org"]) if ids["org"] else ()
    return named | {f"org:{row.pk}": row.name for row in organisations}
