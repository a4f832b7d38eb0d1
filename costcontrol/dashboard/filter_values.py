"""One filter out of an address: a value that can be used, or a sentence that says why not."""

import re
from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.models import User
from billing.reports.facts import FilterChoices, filters_known
from billing.reports.slices import NONE
from costcontrol.dashboard.filter_names import CLASSES, LAYERS, STATUSES
from routing.debates.types import LANGUAGES
from routing.models import Deployment

KIND = re.compile(r"[\w.:-]{1,40}", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
LONGEST_EMAIL = 254
SHOWN = 40  # so much of an unusable value is repeated to whoever wrote it


def choices_now() -> FilterChoices:
    """Also of calls that are too young for the sums: models that are set up, our languages."""
    known = filters_known()
    deployments = {*known.deployments, *Deployment.objects.values_list("name", flat=True)}
    return replace(
        known,
        deployments=tuple(sorted(deployments)),
        languages=tuple(sorted({*known.languages, *LANGUAGES})),
    )


def known_values(choices: FilterChoices) -> Mapping[str, tuple[str, ...]]:
    """What each filter with a list can be set to, in the order of the list."""
    names = (name for name in choices.deployments if "/" in name)
    return {
        "tier": choices.tiers,
        "language": choices.languages,
        "deployment": choices.deployments,
        "provider": tuple(sorted({name.partition("/")[0] for name in names})),
        "class": CLASSES,
        "layer": LAYERS,
        "status": tuple(STATUSES),
    }


def chosen_of(
    query: Mapping[str, str], choices: FilterChoices, notes: list[str]
) -> dict[str, str]:
    """The filters that are set, by name; what cannot be used is left out and said in `notes`."""
    asked = {name: query.get(name, "").strip() for name in (*known_values(choices), "kind")}
    known = known_values(choices)
    chosen = {}
    for name, value in asked.items():
        is_usable = bool(KIND.fullmatch(value)) if name == "kind" else value in known[name]
        if is_usable or value == NONE:
            chosen[name] = value
        elif value:
            notes.append(_sentence(name) % {"name": shown(value)})
    return chosen


def _sentence(name: str) -> str:
    return {
        "tier": _("There are no calls of a tier “%(name)s”, so all tiers are shown."),
        "language": _("There are no calls in a language “%(name)s”, so all are shown."),
        "deployment": _("There are no calls of a model “%(name)s”, so all models are shown."),
        "provider": _("There are no calls of a provider “%(name)s”, so all are shown."),
        "class": _("There is no class of models “%(name)s”, so all classes are shown."),
        "kind": _("“%(name)s” is no kind of call, so calls of all kinds are shown."),
        "layer": _("There is no cache layer “%(name)s”, so calls of all layers are shown."),
        "status": _("There is no status “%(name)s”, so calls of every status are shown."),
    }[name]


def user_of(query: Mapping[str, str], notes: list[str]) -> tuple[str, int | None]:
    """As it was typed, and whose number that is: by number, which outlives the account, or by
    email."""
    asked = query.get("user", "").strip()
    if not asked:
        return "", None
    if NUMBER.fullmatch(asked):
        return asked, int(asked)
    is_email = len(asked) <= LONGEST_EMAIL and asked.isprintable()
    found = User.objects.filter(email__iexact=asked).first() if is_email else None
    if found is None:
        notes.append(
            _("There is no user “%(text)s”, so calls of all users are shown. Write an email "
              "address or a user's number.") % {"text": shown(asked)}
        )
        return "", None
    return asked, found.pk


def shown(text: str, most: int = SHOWN) -> str:
    """Short, and without what no terminal or page should be sent."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= most else f"{clean[:most]}…"
