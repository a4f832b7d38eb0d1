"""What one answer will cost, made ahead and when somebody waits: tokens as such answers had, or as
the workload model says while there are few."""

from dataclasses import dataclass
from statistics import fmean

from billing import output_lengths
from billing.holds import worst_case
from billing.prices import PriceTable, cost
from billing.usage import Usage
from routing.debates.sizes import ENGLISH_SHARE, MODELLED, UNKNOWN
from routing.meter import SEARCH_READS
from routing.precompute.filling import BATCH
from routing.precompute.requests import most_tokens
from routing.providers.batches import takes_batches
from routing.snapshot import Snapshot
from routing.types import DeploymentSpec, ModelClass

ENOUGH = output_lengths.ENOUGH


@dataclass(frozen=True, slots=True)
class Size:
    """`is_seen`: the length of answers is of the past, not of the model."""

    input_tokens: int
    output_tokens: int
    is_seen: bool
    ahead_nanos: int
    online_nanos: int
    most_nanos: int  # that is held for it

    @property
    def share(self) -> float:
        """What it costs ahead, of what it costs online."""
        return self.ahead_nanos / self.online_nanos if self.online_nanos else 0.5


def may_be_made(deployment: DeploymentSpec, prices: PriceTable) -> bool:
    """In a batch, or by an idle local model."""
    return deployment.model_class == ModelClass.LOCAL or is_batched(deployment, prices)


def is_batched(deployment: DeploymentSpec, prices: PriceTable) -> bool:
    """Its server takes batches, and we know what they cost."""
    return takes_batches(deployment) and prices.has(*deployment.price_key, processing=BATCH)


def size_of(kind: str, language: str, deployment: DeploymentSpec, snapshot: Snapshot) -> Size:
    share = (ENGLISH_SHARE if language == "en" else 1.0) * deployment.token_factor
    modelled_input, modelled_output = MODELLED.get(kind, UNKNOWN)
    lengths = output_lengths.samples(
        deployment=deployment.name, call_kind=kind, language=language
    )
    is_seen = len(lengths) >= ENOUGH
    kept = snapshot.kinds.get(kind)
    searches = kept.searches if kept else 0
    read = int(modelled_input * share) + searches * SEARCH_READS
    written = round(fmean(n for n, _ in lengths)) if is_seen else int(modelled_output * share)
    usage = Usage(fresh_input_tokens=read, output_tokens=written, searches=searches)
    prices, key = snapshot.prices, deployment.price_key
    online = prices.price(*key, input_tokens=read)
    ahead = online
    if is_batched(deployment, prices):
        ahead = prices.price(*key, input_tokens=read, processing=BATCH)
    cap = most_tokens(kind, language, deployment, snapshot)
    return Size(
        read, written, is_seen, cost(usage, ahead), cost(usage, online),
        worst_case(ahead, input_tokens=read, output_tokens=cap)
        + cost(Usage(searches=searches), ahead),
    )
