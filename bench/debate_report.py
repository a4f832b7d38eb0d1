"""What `bench.debates` prints: what was added to each turn, and whether anything is missing."""

import argparse
import os
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from costcontrol.lib.money import format_usd
from routing.call_kinds import CALL_KINDS
from tests.services.debate_books import DebateBooks
from tests.upstreams.debating import Sale

if TYPE_CHECKING:
    from bench.debates import Taken

BAR_MS = 50
NOT_OURS = ("models", "frontends")  # processes of the bench
PLAN = 58  # calls of a 2v2 debate that nobody takes part in
# What a turn may have to wait for that began before it, by the length that such calls may have.
READ = {
    "opening_statement": ("core_arguments", "rag_query"),
    "attack_response": ("opening_analysis", "quality_check", "turn_analysis", "tone_select"),
    "defense_response": ("quality_check", "tone_select"), "followup_response": ("tone_select",),
    "moderator_summary_2": ("turn_analysis",),
}  # fmt: skip
NEEDED = {
    turn: frozenset(CALL_KINDS[kind].max_output_tokens for kind in kinds)
    for turn, kinds in READ.items()
}


@dataclass(frozen=True)
class Cost:
    """One turn's time, in seconds: all of it, the upstream's share, and where ours went."""

    kind: str
    whole: float
    upstream: float
    post: float  # until the POST was answered
    view: float  # from the POST to the view
    take: float  # from the view to the worker
    begin: float  # from the POST to the first request upstream
    between: float  # from call to call
    end: float  # from the last byte upstream to `turn.completed`
    first: float  # from the upstream's first token to the reader's

    @property
    def added(self) -> float:
        return self.whole - self.upstream


class Report:
    def __init__(
        self, turns: Sequence["Taken"], seen: dict[str, Any], books: DebateBooks, *,
        took: float, cpu: dict[str, float],
    ) -> None:
        self.turns, self.seen, self.books, self.took, self.cpu = turns, seen, books, took, cpu
        self.by_tag: dict[str, list[Sale]] = defaultdict(list)
        for sale in books.sales:
            self.by_tag[sale.tag].append(sale)
        behind = time.time() - time.monotonic()
        self.rows = {
            (row["debate_id"], row["number"]): tuple(
                datetime.fromisoformat(row[name]).timestamp() - behind
                for name in ("created_at", "started_at")
            )
            for row in books.told["turns"]
        }
        self.costs = [cost for turn in turns if (cost := self._cost(turn))]

    # --- time ------------------------------------------------------------------------------

    def _cost(self, turn: "Taken") -> Cost | None:
        own = self._own(turn)
        if own is None:
            return None
        waited = [own, *self._before(turn, own)]
        first = min(max(sale.came_at, turn.asked_at) for sale in waited)
        busy = union((max(sale.came_at, turn.asked_at), sale.ended_at) for sale in waited)
        delta = turn.heard.first("delta")
        whole = turn.done_at - turn.asked_at
        created_at, started_at = self.rows[turn.debate_id, turn.number]
        begin, end = first - turn.asked_at, turn.done_at - own.ended_at
        return Cost(
            turn.kind, whole, busy, post=turn.answered_at - turn.asked_at, begin=begin, end=end,
            view=created_at - turn.asked_at, take=started_at - created_at,
            between=whole - busy - begin - end, first=delta.at - own.first_at if delta else 0.0,
        )

    def _own(self, turn: "Taken") -> Sale | None:
        """The call that the reader saw being written: the streamed one in this time."""
        inside = (sale for sale in self.by_tag[turn.tag] if sale.is_stream)
        return next((s for s in inside if turn.asked_at <= s.came_at <= turn.done_at), None)

    def _before(self, turn: "Taken", own: Sale) -> list[Sale]:
        """Calls that ended before it could begin, and began for it or are read by it."""
        needed = NEEDED.get(turn.kind, frozenset())
        return [
            sale for sale in self.by_tag[turn.tag]
            if not sale.is_stream and turn.asked_at < sale.ended_at <= own.came_at
            and (sale.came_at >= turn.asked_at or sale.max_tokens in needed)
        ]

    # --- events ----------------------------------------------------------------------------

    def lost_or_repeated(self) -> list[str]:
        found = []
        for turn in self.turns:
            found += turn.heard.faults()
            stored = self._stored(turn)
            if turn.heard.text.strip() != stored["text"].strip():
                found.append(f"{turn.debate_id}/{turn.number}: streamed and stored text differ")
            own = self._own(turn)
            if own is None or own.text.strip() != stored["text"].strip():
                found.append(f"{turn.debate_id}/{turn.number}: not the text that was bought")
        return found

    def _stored(self, turn: "Taken") -> dict[str, Any]:
        turns = self.seen[turn.debate_id]["turns"]
        return next(dict(each) for each in turns if each["turn"] == turn.number)

    def calls(self) -> Counter[int]:
        """How many calls, as the upstream counted -> how many debates made so many."""
        return Counter(len(sales) for sales in self.by_tag.values())

    # --- the table -------------------------------------------------------------------------

    def table(self, name: str, options: argparse.Namespace) -> str:
        head = (
            f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.2f} at the end; {name}, {options.webs} web, {options.workers} "
            f"debate worker(s); {options.debates} debates at once, begun within {options.ramp:g} s;"
            f" read {options.read:g} ms a letter;"
            f" models: {options.first:g} s to a first token, {options.tokens:g} tokens/s in "
            f"pieces of {options.piece:g} s\n"
        )
        return "\n".join([head, *self._times(), "", *self._by_kind(), "", *self._checks()])

    def _times(self) -> list[str]:
        lines = ["| ms | p50 | p95 | p99 | most |", "|---|---|---|---|---|"]
        for label, field in (
            ("**added to a turn**", "added"), ("POST answered", "post"),
            ("from the POST to its view", "view"), ("from the view to a worker", "take"),
            ("from the POST to the first call", "begin"), ("between calls", "between"),
            ("after the last byte", "end"), ("first words, later than sent", "first"),
        ):
            values = spread(sorted(getattr(cost, field) * 1000 for cost in self.costs))
            lines.append(f"| {label} | {' | '.join(f'{each:.1f}' for each in values)} |")
        return lines

    def _by_kind(self) -> list[str]:
        kinds: dict[str, list[Cost]] = defaultdict(list)
        for cost in self.costs:
            kinds[cost.kind].append(cost)
        lines = [
            "| added, ms | turns | p50 | p95 | to the first call | between | at the end |",
            "|---|---|---|---|---|---|---|",
        ]
        for kind, costs in kinds.items():
            p50, p95, *_ = spread(sorted(cost.added * 1000 for cost in costs))
            parts = [
                spread(sorted(getattr(cost, name) * 1000 for cost in costs))[0]
                for name in ("begin", "between", "end")
            ]
            said = " | ".join(f"{each:.1f}" for each in (p50, p95, *parts))
            lines.append(f"| {kind} | {len(costs)} | {said} |")
        return lines

    def _checks(self) -> list[str]:
        lost, faults = self.lost_or_repeated(), self.books.faults()
        told, bill = self.books.told, self.books.upstream_bill
        events = sum(len(turn.heard.events) for turn in self.turns)
        finished = Counter(each["status"] for each in self.seen.values())
        p95 = spread(sorted(cost.added * 1000 for cost in self.costs))[1]
        cpu = ", ".join(f"{name} {s:.1f}" for name, s in self.cpu.items())
        return [
            f"{mark(p95 < BAR_MS)} p95 added {p95:.1f} ms, bar {BAR_MS}",
            f"{mark(not lost)} {events} events of {len(self.turns)} turns read, "
            f"{len(lost)} lost or repeated {lost[:3] or ''}",
            f"{mark(set(self.calls()) == {PLAN})} calls a debate: {dict(self.calls())}",
            f"{mark(set(finished) == {'finished'})} debates: {dict(finished)}",
            f"{mark(told['ledger'] == bill)} ledger {usd(told['ledger'])}, upstream {usd(bill)}",
            f"{mark(not faults)} books: {faults or 'balanced, nothing held'}",
            f"{len(self.turns)} turns in {self.took:.0f} s; CPU s: {cpu}; "
            f"CPU ms a turn of ours {self._ours() * 1000 / max(1, len(self.turns)):.1f}",
        ]  # fmt: skip


    def _ours(self) -> float:
        return sum(s for name, s in self.cpu.items() if name not in NOT_OURS)


def union(spans: Iterable[tuple[float, float]]) -> float:
    total, upto = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, upto))
        upto = max(upto, end)
    return total


def spread(values: Sequence[float]) -> tuple[float, float, float, float]:
    """p50, p95, p99, most."""
    if len(values) < 2:
        return (values[0],) * 4 if values else (0.0,) * 4
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98], values[-1]


def mark(is_right: bool) -> str:
    return "ok   " if is_right else "WRONG"


def usd(nanos: int) -> str:
    return format_usd(nanos, places=6)
