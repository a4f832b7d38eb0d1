"""From an item to what is asked: its key, its prompt, and the earlier answers that it reads.

An item about a stored statement (`opening_analysis`, ...) is planned before that statement is
made: its fields name the statement's key instead ("of"), until the statement is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from billing import output_lengths
from routing import tokens
from routing.cache import patterns
from routing.call_kinds import SEARCH
from routing.debates.canonical import canonical_request, found_in
from routing.debates.prompt_canonical import READS
from routing.debates.reuse import OF_SIDE, OF_SPEAKER
from routing.debates.types import Found
from routing.meter import SEARCH_READS
from routing.models import PrecomputeItem, StoredAnswer
from routing.snapshot import Snapshot
from routing.sources import split
from routing.types import DeploymentSpec, ProviderCall, Reuse

LENGTHS_AGE_S = 60.0
OF = "of"  # {"key": ..., "variant": ...} of a statement that is not made yet
SHARED_FIELDS = ("kind", "lang", "prompt_version", "topic", "topic_epoch", "title")
OF_SPEAKER_FIELDS = ("philosopher", "side")
OF_SIDE_FIELDS = ("side",)


class NotNeeded(Exception):
    """There are enough of them by now, or what it reads is not there. Says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item as it is asked for. `most_tokens`: the longest answer that is paid for."""

    item: PrecomputeItem
    reuse: Reuse
    route: str
    call: ProviderCall
    input_tokens: int

    @property
    def deployment(self) -> DeploymentSpec:
        return self.call.deployment

    @property
    def most_tokens(self) -> int:
        return self.call.max_output_tokens


def route_of(deployment: DeploymentSpec) -> str:
    return f"{deployment.model_class} {deployment.name}"


def reuse_for(fields: Mapping[str, Any], *, variant: int, snapshot: Snapshot) -> Reuse:
    kind = snapshot.kinds[fields["kind"]]
    return Reuse(fields, variants=kind.variants, ttl_days=kind.ttl_days, prefer=variant)


def wanted(item: PrecomputeItem, *, snapshot: Snapshot, now: datetime) -> Wanted:
    """Raises NotNeeded, or CannotBeMade when the catalogue has changed since it was planned."""
    deployment = snapshot.deployment(item.deployment)
    if deployment is None:
        raise NotNeeded("deployment")
    fields = resolved(item.fields, now=now)
    reuse, route = reuse_for(fields, variant=item.variant, snapshot=snapshot), route_of(deployment)
    _check(item, reuse, route, now=now)
    found = found_for(fields, item.variant, now=now)
    pages = pages_in(found)
    if fields.get("is_searched") and not pages:
        raise NotNeeded("search")
    reuse = replace(reuse, citations=pages)
    request = replace(canonical_request(fields, found=found), model=deployment.name)
    most = most_tokens(item.kind, item.language, deployment, snapshot)
    size = tokens.estimate_input(request, deployment) + request.max_searches * SEARCH_READS
    return Wanted(item, reuse, route, ProviderCall(request, deployment, most), size)


def _check(item: PrecomputeItem, reuse: Reuse, route: str, *, now: datetime) -> None:
    """Raises NotNeeded."""
    if item.replaces_id is not None:
        if not _live(item.key, now).filter(pk=item.replaces_id).exists():
            raise NotNeeded("gone")
    elif patterns.count(reuse, route=route, now=now) >= reuse.variants:
        raise NotNeeded("enough")


def most_tokens(
    kind: str, language: str, deployment: DeploymentSpec, snapshot: Snapshot
) -> int:
    """As long as all but a few such answers were, once there were some: what is held for an answer
    keeps others waiting."""
    lengths = output_lengths.recent(deployment.name, kind, language, max_age_s=LENGTHS_AGE_S)
    cap = min(snapshot.kinds[kind].max_output_tokens, deployment.max_output_tokens)
    return min(cap, output_lengths.usual(lengths) or cap)


def resolved(fields: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """With the statement's id in place of its key. Raises NotNeeded: it was not made."""
    if OF not in fields:
        return dict(fields)
    statement_id = _statement(fields[OF], now)
    if statement_id is None:
        raise NotNeeded("statement")
    told = {name: value for name, value in fields.items() if name != OF}
    return told | {"statement_id": statement_id}


def _statement(named: Mapping[str, Any], now: datetime) -> int | None:
    row = _live(named["key"], now).filter(variant=named["variant"]).first()
    return row.pk if row else None


def _live(key: str, now: datetime) -> QuerySet[StoredAnswer]:
    return StoredAnswer.objects.filter(key=key, ended_at=None, hard_until__gt=now)


def found_for(fields: Mapping[str, Any], variant: int, *, now: datetime) -> Sequence[Found]:
    """What its prompt reads: of each kind the stored answer of the same variant, else another."""
    found = []
    for kind in _reads(fields):
        rows = _companions(companion_fields(fields, kind), now)
        same = [row for row in rows if row.variant == variant]
        if rows:
            found.append(found_in(same[0] if same else rows[variant % len(rows)]))
    return found


def _reads(fields: Mapping[str, Any]) -> Sequence[str]:
    kinds = READS.get(fields["kind"], ())
    return [kind for kind in kinds if kind != SEARCH or fields.get("is_searched")]


def pages_in(found: Sequence[Found]) -> list[dict[str, str]]:
    """What a web search found, as it is kept beside the answer that reads it."""
    return [
        page.as_json() for each in found if each.kind == SEARCH for page in split(each.text)[1]
    ]


def _companions(fields: Mapping[str, Any], now: datetime) -> list[StoredAnswer]:
    """Whoever wrote them: of which model they are is no matter to who reads them."""
    rows = StoredAnswer.objects.filter(
        topic_key=fields["topic"], kind=fields["kind"], language=fields["lang"],
        side=fields.get("side", ""), ended_at=None, hard_until__gt=now,
    )
    return [row for row in rows.order_by("variant", "pk") if row.fields == fields]


def companion_fields(fields: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Of another kind's answer about the same."""
    names = SHARED_FIELDS + (OF_SPEAKER_FIELDS if kind in OF_SPEAKER else ())
    names += OF_SIDE_FIELDS if kind in OF_SIDE else ()
    return {name: fields[name] for name in names if name in fields} | {"kind": kind}
