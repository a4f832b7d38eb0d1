"""What one attempt may cost, and what it turned out to: `Draft` before the hold, `Meter` after."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from billing import gauge, output_lengths
from billing.budgets import WindowRef
from billing.draws import Draw
from billing.gauge import Reading
from billing.holds import Held, Want, worst_case
from billing.ledger import Attempt
from billing.models import Metric
from billing.payment import hold_in_order
from billing.prices import Price, cost
from billing.purses import PaidFrom
from billing.usage import Usage
from costcontrol.lib.money import ZERO, Nanos
from routing import records, tokens
from routing.call import Call
from routing.call_kinds import DEFAULT_MAX_OUTPUT_TOKENS, SEARCH
from routing.deltas import merged
from routing.snapshot import Snapshot
from routing.sources import is_found
from routing.types import Chunk, Completion, DeploymentSpec, StopReason

LENGTHS_AGE_S = 10.0
SEARCH_READS = 20_000  # tokens that the results of one search may add to the input: they are billed
TOKENS_A_CHECKPOINT = 100  # what a model may write between two checkpoints
MARGIN_TOKENS = 25  # of an upstream that wrote on until it noticed that we had left
TOKENS_A_SECOND = 60  # assumed of an upstream that was cut off before it showed anything


class Draft:
    """An attempt that looks for room. Its methods run in a database thread."""

    def __init__(
        self, call: Call, deployment: DeploymentSpec, attempt: int, reservation_id: UUID, *,
        is_last: bool = True,
    ) -> None:
        self.call, self.deployment, self.attempt = call, deployment, attempt
        self.reservation_id, self.is_last = reservation_id, is_last
        self.input_tokens = tokens.estimate_input(call.request, deployment)
        self.price = call.snapshot.prices.price(
            *deployment.price_key, input_tokens=self.input_tokens
        )
        self.windows: tuple[WindowRef, ...] = ()
        self.paid_from: str = PaidFrom.PLAN

    def by(self, snapshot: Snapshot) -> "Draft":
        """The same attempt, by other prices and budgets."""
        call = replace(self.call, snapshot=snapshot)
        return Draft(
            call, self.deployment, self.attempt, self.reservation_id, is_last=self.is_last
        )

    @property
    def may_wait(self) -> bool:
        """Room is held for it: if that is not enough, the next model is, and nobody waits."""
        return self.is_last or not self.call.request.draws_on

    def hold(self, *, may_wait: bool, max_age_s: float = LENGTHS_AGE_S) -> Held:
        """Raises MustWait, NoRoom, or StaleBook: make a new draft with a new snapshot.

        `max_age_s`: of what is remembered about the length of such answers.
        """
        rules = self.call.rules(provider=self.deployment.provider)
        self.windows = gauge.windows(rules, now=self.call.at)
        paid = hold_in_order(
            self._want(max_age_s), payer=self.call.caller.payer, now=self.call.at,
            may_wait=may_wait, is_beyond=self.call.is_beyond,
            is_plan_only=self.call.plan.holds_out(self.deployment),
        )
        self.windows, self.paid_from = paid.windows, paid.paid_from
        return paid.held

    def _want(self, max_age_s: float) -> Want:
        request = self.call.request
        asked, may_cut = request.max_output_tokens, not request.is_never_cut
        lengths = self._lengths(max_age_s) if asked is None or not may_cut else ()
        wanted = asked or output_lengths.usual(lengths) or self._usual_cap()
        return Want(
            reservation_id=self.reservation_id,
            attempt=Attempt(
                self.call.id, self.deployment.provider, self.deployment.model, self._facts()
            ),
            windows=self.windows,
            book_version=self.call.snapshot.book.version,
            price=self.price,
            input_tokens=self.input_tokens + request.max_searches * SEARCH_READS,
            extra=cost(Usage(searches=request.max_searches), self.price),
            output_tokens=self._fitting(wanted),
            tight_tokens=output_lengths.tight(lengths),
            draw=self._draw(),
            may_cut=may_cut,
        )

    def _draw(self) -> Draw | None:
        ids = self.call.request.draws_on
        if not ids:
            return None
        return Draw(ids, str(self.call.classified.complexity), is_last=self.is_last)

    def _fitting(self, wanted: int) -> int:
        """What the model can write at most: its own maximum, and the rest of its context."""
        room = self.deployment.context_tokens - self.input_tokens
        return max(1, min(wanted, self.deployment.max_output_tokens, room))

    def _usual_cap(self) -> int:
        kind = self.call.snapshot.kinds.get(self.call.request.call_kind)
        return kind.max_output_tokens if kind else DEFAULT_MAX_OUTPUT_TOKENS

    def _lengths(self, max_age_s: float) -> output_lengths.Lengths:
        return output_lengths.recent(
            self.deployment.name, self.call.request.call_kind, self.call.classified.language,
            max_age_s=max_age_s,
        )

    def _facts(self) -> dict[str, object]:
        checkpoint = worst_case(self.price, input_tokens=0, output_tokens=TOKENS_A_CHECKPOINT)
        return {
            "usage": records.facts_of_attempt(self.call, self.deployment, self.attempt),
            "checkpoint_nanos": checkpoint,
        }

    def meter(self, held: Held, *, waited_ms: int) -> "Meter":
        return Meter(
            self.call, self.deployment, self.attempt, self.price, held, self.reservation_id,
            self.windows, self.input_tokens, waited_ms, self.paid_from,
        )


@dataclass(slots=True)
class Meter:
    """What one attempt has produced, and what it owes."""

    call: Call
    deployment: DeploymentSpec
    attempt: int
    price: Price
    held: Held
    reservation_id: UUID
    windows: tuple[WindowRef, ...]
    input_tokens: int
    waited_ms: int
    paid_from: str
    started: float = field(default_factory=time.monotonic)
    first_token_ms: int | None = None
    pieces: list[str] = field(default_factory=list)
    deltas: list[Mapping[str, Any]] = field(default_factory=list)
    stop_reason: StopReason | None = None
    usage: Usage | None = None
    served_model: str = ""
    cost_nanos: Nanos = ZERO
    is_lost: bool = False

    def see(self, chunk: Chunk) -> None:
        if self.first_token_ms is None and (chunk.text or chunk.delta):
            self.first_token_ms = self.elapsed_ms
        if chunk.text:
            self.pieces.append(chunk.text)
        if chunk.delta:
            self.deltas.append(chunk.delta)
        self.stop_reason = chunk.stop_reason or self.stop_reason
        self.usage = chunk.usage or self.usage
        self.served_model = chunk.served_model or self.served_model

    @property
    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.started) * 1000)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def has_output(self) -> bool:
        return bool(self.pieces or self.deltas)

    @property
    def is_complete(self) -> bool:
        """A proper end was seen. Anything else is charged as an estimate and never stored."""
        return self.stop_reason is not None

    @property
    def is_storable(self) -> bool:
        """Whole, reported, and all of it is text; of a debate's search: something was found."""
        usage = self.usage
        if usage is None or not usage.is_reported or self.deltas or not self.is_complete:
            return False
        return self.call.request.call_kind != SEARCH or is_found(
            self.text, searches=usage.searches
        )

    @property
    def money_windows(self) -> list[int]:
        return [w.id for w in self.windows if w.rule.metric == Metric.USD]

    @property
    def counted_windows(self) -> list[int]:
        return [w.id for w in self.windows if w.rule.metric == Metric.REQUESTS]

    @property
    def readings(self) -> list[Reading]:
        """The counted windows as our reservation left them."""
        rooms = {room.window_id: room for room in self.held.rooms}
        return [
            Reading(window, replace(room, held=room.held + 1))
            for window in self.windows
            if window.rule.metric == Metric.REQUESTS and (room := rooms.get(window.id))
        ]

    @property
    def owed_so_far(self) -> Nanos:
        """Input, and a generous count of what arrived. Cheap: three bytes a token."""
        written = sum(len(piece.encode()) for piece in self.pieces) // 3
        return self._bounded(Usage(self.input_tokens, output_tokens=written))

    def billed_usage(self) -> Usage:
        """What the provider reported; where it did not, our estimate, marked as one."""
        usage = self.usage if self.is_complete and self.usage else Usage()
        if usage.is_reported:
            return usage
        has_input = usage.fresh_input_tokens is not None
        return Usage(
            usage.fresh_input_tokens if has_input else self.input_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            self._estimated_output() if usage.output_tokens is None else usage.output_tokens,
            self.call.request.max_searches or None if usage.searches is None else usage.searches,
            is_estimated=True,
        )

    def _estimated_output(self) -> int:
        """Never more than what was held: that is what the upstream was allowed."""
        if self.has_output or self.call.request.is_stream:
            written = tokens.estimate_output(self.text, self.deployment)
            guess = written if self.is_complete or not written else written + MARGIN_TOKENS
        else:
            guess = self.elapsed_ms * TOKENS_A_SECOND // 1000
        return min(self.held.output_tokens, guess)

    def price_of(self, usage: Usage) -> Price:
        """The price row of the request's true size."""
        return self.call.snapshot.prices.price(
            *self.deployment.price_key, input_tokens=usage.input_tokens
        )

    def charge(self, usage: Usage) -> Nanos:
        """A reported usage is charged as it is; an estimate never passes the hold."""
        if usage.is_estimated:
            return self._bounded(usage)
        return cost(usage, self.price_of(usage))

    def _bounded(self, usage: Usage) -> Nanos:
        return min(self.held.amount, cost(usage, self.price))

    def completion(self) -> Completion:
        """The answer to keep. PostgreSQL's JSON takes no NUL."""
        return Completion(
            text=self.text.replace("\0", "\ufffd"), stop_reason=self.stop_reason or StopReason.STOP,
            usage=self.billed_usage(), deployment=self.deployment.name,
            model_class=self.deployment.model_class, served_model=self.served_model,
            delta=merged(self.deltas),
            call_id=str(self.call.id),
        )
