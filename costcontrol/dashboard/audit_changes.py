"""What one change did, line by line: which facts were what before, and are what now.

Secrets are not written to the trail (`accounts.services.SECRET_FIELDS`); whatever looks like one
all the same, in a name or in a value, is not shown here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.audit_words import fact_words

SECRET_NAMES = frozenset({
    "authorization", "credential", "credentials", "digest", "passphrase", "password", "secret",
    "secrets", "token",
})
SECRET_KEYS = ("api_key", "private_key", "signing_key")
SECRET_VALUE = re.compile(
    r"(?:cc-[a-z0-9]{8}-|sk[-_]|rk_|pk_|whsec_|gh[pousr]_|xox[a-z]-|AKIA)[\w-]{12,}"
    r"|Bearer\s+\S{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
MONEY_NAMES = frozenset({"cap"})  # of a budget that was raised once
MASK = "•••"
LONGEST = 400  # of one value
MOST = 60  # facts of one row


@dataclass(frozen=True, slots=True)
class Fact:
    """`before` None: it was not there; `after` None: it is not there any more."""

    name: str
    before: str | None
    after: str | None

    @property
    def words(self) -> str:
        return fact_words(self.name)


def facts_of(before: Any, after: Any, *, zone: str = "UTC") -> tuple[Fact, ...]:
    """What differs; of a row that was made or deleted, all that it had. Times are of the zone."""
    old, new = dict(_flat(before)), dict(_flat(after))
    differing = [
        name for name in dict.fromkeys((*old, *new))
        if (name in old) != (name in new) or old.get(name) != new.get(name)
    ]
    return tuple(
        Fact(
            name or _("value"),
            shown_value(name, old[name], zone) if name in old else None,
            shown_value(name, new[name], zone) if name in new else None,
        )
        for name in differing[:MOST]
    )


def shown_value(name: str, value: Any, zone: str) -> str:
    if is_secret(name):
        return MASK
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        is_money = name.endswith("nanos") or name in MONEY_NAMES
        return formats.money(value) if is_money else formats.count(value)
    if isinstance(value, str):
        return _time(value, zone) or masked(value)
    return masked(json.dumps(value, ensure_ascii=False))


def _time(text: str, zone: str) -> str:
    """Empty: it is no time."""
    if not TIME.match(text):
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return formats.when(moment, zone=zone) if moment.tzinfo else ""


def masked(text: str) -> str:
    shown = SECRET_VALUE.sub(MASK, text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def is_secret(name: str) -> bool:
    last = name.rpartition(".")[2].lower()
    return last in SECRET_KEYS or bool(SECRET_NAMES.intersection(last.split("_")))


def safe(value: Any, name: str = "") -> Any:
    """The same as JSON for a file, without what is a secret."""
    if is_secret(name):
        return MASK
    if isinstance(value, Mapping):
        return {key: safe(each, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [safe(each, name) for each in value]
    return SECRET_VALUE.sub(MASK, value) if isinstance(value, str) else value


def _flat(value: Any, name: str = "") -> Iterable[tuple[str, Any]]:
    """Facts of facts are called `outer.inner`."""
    if isinstance(value, Mapping) and value and not is_secret(name):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif value is not None or name:
        yield name, value
