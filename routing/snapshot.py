"""What staff edit (deployments, routing table, call kinds, prices, budgets, throttles), as one
frozen value.

Refreshed every `SNAPSHOT_SECONDS` behind the calls, and never older than twice that; while the
database is away the last good one stays. Budgets do not wait for it: a reservation made from an
older book fails, and the call loads the new one.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.conf import settings
from django.db import DatabaseError

from accounts.throttles import Throttled, throttles_known
from billing import baselines
from billing.baselines import ByDeployment
from billing.budgets import Book
from billing.prices import PriceTable
from costcontrol.lib import clock, database
from routing import upgrades
from routing.call_kinds import CALL_KINDS, CallKind
from routing.models import CallKindRow, Debate, Deployment, RoutePolicy
from routing.types import Complexity, DeploymentSpec, ModelClass
from routing.upgrades import PlanOffer

log = logging.getLogger(__name__)
Cells = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    deployments: tuple[DeploymentSpec, ...]
    cells: Cells
    policy_version: int
    prices: PriceTable
    book: Book
    baseline: DeploymentSpec | None
    routes_hash: str
    plans: tuple[PlanOffer, ...] = ()
    kinds: Mapping[str, CallKind] = field(default_factory=lambda: CALL_KINDS)
    has_replays: bool = False  # somebody shares one
    frozen: ByDeployment | None = None  # the baseline in force
    throttles: Mapping[int, Throttled] = field(default_factory=dict)  # by user id
    loaded_at: float = field(default_factory=time.monotonic)

    def deployment(self, name: str) -> DeploymentSpec | None:
        return next((d for d in self.deployments if d.name == name), None)


_current: Snapshot | None = None
_refreshing: asyncio.Task[None] | None = None


def forget() -> None:
    """After an edit in this process: the next call loads anew."""
    global _current
    _current = None


async def current() -> Snapshot:
    """The snapshot. Raises DatabaseError only while there has never been one.

    A busy process refreshes behind its calls; one that was idle waits for the refresh.
    """
    if _current is None:
        return await reload()
    age = time.monotonic() - _current.loaded_at
    if age > settings.SNAPSHOT_SECONDS:
        refresh = _refresh_soon()
        if age > 2 * settings.SNAPSHOT_SECONDS:
            await asyncio.shield(refresh)
    return _current


async def reload() -> Snapshot:
    """Load now. Raises DatabaseError."""
    global _current
    _current = await database.run(load)
    return _current


def latest() -> Snapshot:
    """The same for synchronous code: loaded here when it is older than `SNAPSHOT_SECONDS`."""
    global _current
    known = _current
    if known is None or time.monotonic() - known.loaded_at > settings.SNAPSHOT_SECONDS:
        known = _current = load()
    return known


def _refresh_soon() -> asyncio.Task[None]:
    global _refreshing
    here = asyncio.get_running_loop()
    if _refreshing is None or _refreshing.done() or _refreshing.get_loop() is not here:
        _refreshing = asyncio.create_task(_refresh())
    return _refreshing


async def _refresh() -> None:
    global _current
    try:
        _current = await database.run(load)
    except DatabaseError as error:
        log.warning("snapshot: keeping the last one, the database is away (%s)", error)


def load() -> Snapshot:
    deployments = tuple(spec_of(row) for row in Deployment.objects.filter(is_enabled=True))
    policy = RoutePolicy.objects.filter(status=RoutePolicy.Status.PUBLISHED).first()
    cells = policy.cells if policy else {}
    version = policy.version if policy else 0
    now = clock.now()
    prices = PriceTable.load(now)
    kinds = kinds_load()
    return Snapshot(
        deployments, cells, version, prices, Book.load(), _baseline(deployments, prices),
        _hash(version, deployments, kinds), upgrades.load(), kinds,
        has_replays=_has_replays(), frozen=baselines.premium(), throttles=throttles_known(now),
    )


def _has_replays() -> bool:
    """In these words the index of share keys is used."""
    shared = Debate.objects.filter(share_key__gt="", is_public=True)
    return shared.filter(status=Debate.Status.FINISHED).exists()


def kinds_load() -> Mapping[str, CallKind]:
    """As staff have them; as shipped where a row is missing. A row of another name counts for
    nothing: no prompt is written for it."""
    rows = {row.name: row for row in CallKindRow.objects.all()}
    return MappingProxyType(
        {name: kind_of(rows[name]) if name in rows else kind for name, kind in CALL_KINDS.items()}
    )


def kind_of(row: CallKindRow) -> CallKind:
    return CallKind(
        name=row.name, complexity=Complexity(row.complexity),
        max_output_tokens=row.max_output_tokens, is_streamed=row.is_streamed,
        purpose=CALL_KINDS[row.name].purpose, latency=row.latency,
        key_fields=tuple(row.key_fields), variants=row.variants, ttl_days=row.ttl_days,
        may_be_template=row.may_be_template, is_batchable=row.is_batchable,
        is_enabled=row.is_enabled,
        complexity_alone=Complexity(row.complexity_alone) if row.complexity_alone else None,
    )


def spec_of(row: Deployment) -> DeploymentSpec:
    return DeploymentSpec(
        name=row.name, provider=row.provider, model=row.model,
        model_class=ModelClass(row.model_class), base_url=row.base_url,
        api_key_env=row.api_key_env, languages=tuple(row.languages),
        context_tokens=row.context_tokens, max_output_tokens=row.max_output_tokens,
        max_concurrency=row.max_concurrency, timeout_s=row.timeout_s, priority=row.priority,
        token_factor=row.token_factor, price_provider=row.price_provider,
        can_search=row.can_search,
    )


def _baseline(
    deployments: tuple[DeploymentSpec, ...], prices: PriceTable
) -> DeploymentSpec | None:
    """What savings are measured against: the first priced premium deployment."""
    premium = [
        d for d in deployments
        if d.model_class == ModelClass.PREMIUM and prices.has(*d.price_key)
    ]
    return min(premium, key=lambda d: (d.priority, d.name), default=None)


def _hash(
    version: int, deployments: tuple[DeploymentSpec, ...], kinds: Mapping[str, CallKind]
) -> str:
    """Changes when the same question could be answered by another model."""
    classes = sorted(
        (kind.name, kind.complexity, kind.complexity_alone or "") for kind in kinds.values()
    )
    models = sorted((d.name, d.provider, d.model, d.base_url) for d in deployments)
    parts = [version, models, classes]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
