"""How the prompts of a debate are laid out, what of them providers keep, and what that saves.

The prompts are those of the product, made for a sample debate: real rules, cards and topic, and
speeches of filler as long as the workload model says. Tokens are counted, not guessed; what a
provider remembers follows from its published rules, and from how long a turn takes (modelled).
"""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from costcontrol.lib.money import format_usd
from routing import snapshot
from routing.call_kinds import CALL_KINDS
from routing.debates.prompt_costs import (
    Call,
    Route,
    Sent,
    job_calls,
    sent,
    shared_percent,
    turn_calls,
    window_nanos,
)
from routing.debates.prompt_sample import sample_of
from routing.debates.prompts import VERSION
from routing.debates.types import FORMATS, LANGUAGES
from routing.snapshot import Snapshot
from routing.types import DeploymentSpec, ModelClass

PROVIDERS = ("anthropic", "openai")
MODES = ("hybrid", "cloud")  # rows of the routing table
LEGEND = (
    "", "plain: nothing kept; kept: as sent; window: the layout of the workload model, with the",
    "last three messages; cut: our texts with the last three messages. %: kept against those.",
)


class Command(BaseCommand):
    help = "Shows the size of each prompt, how much of it is shared, and what caching it saves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--language", choices=LANGUAGES, default="ko")
        parser.add_argument("--format", choices=sorted(FORMATS), default="2v2")
        parser.add_argument(
            "--model", action="append", default=[],
            help="show each kind on this deployment, as anthropic/claude-opus-5-5; may be repeated",
        )

    def handle(self, *, language: str, format: str, model: list[str], **options: Any) -> None:
        facts = snapshot.load()
        deployments = cloud_of(facts)
        if unknown := set(model) - {each.name for each in deployments}:
            raise CommandError(
                f"There is no priced cloud deployment {unknown.pop()!r}. There are: "
                f"{', '.join(each.name for each in deployments) or 'none'}."
            )
        sample = sample_of(language, format)
        turns, jobs = turn_calls(sample), job_calls(sample)
        cut = turn_calls(sample, window=3)
        shown = [each for each in deployments if not model or each.name in model]
        lines = [
            *title_lines(language, format, turns), *kind_lines("Turns", turns),
            *kind_lines("Behind the scenes (nothing is kept: nobody reads it again)", jobs),
            *(line for each in shown for line in deployment_lines(each, turns, facts)),
            "", "Input of all turns of a debate, in dollars",
            *route_lines(facts, turns, cut, language),
            "", "Input of all calls of a debate, in dollars",
            *route_lines(facts, [*turns, *jobs], [*cut, *jobs], language),
            *LEGEND,
        ]
        self.stdout.write("\n".join(lines))


def cloud_of(facts: Snapshot) -> list[DeploymentSpec]:
    found = [
        each for each in facts.deployments
        if each.provider in PROVIDERS and facts.prices.has(*each.price_key)
    ]
    return sorted(found, key=lambda each: (each.priority, each.name))


def routes_of(facts: Snapshot) -> dict[str, Route]:
    """Everything on one deployment, and each vendor's models by the routing table."""
    clouds = cloud_of(facts)
    routes: dict[str, Route] = {each.name: _always(each) for each in clouds}
    for mode in MODES:
        for provider in PROVIDERS:
            own = [each for each in clouds if each.provider == provider]
            if route := _by_table(own, facts.cells.get(mode, {})):
                routes[f"{mode}, {provider}"] = route
    return routes


def _always(deployment: DeploymentSpec) -> Route:
    return lambda _kind: deployment


def _by_table(own: Sequence[DeploymentSpec], row: Any) -> Route | None:
    """The first class of each cell that this vendor has, local models aside."""
    chosen = {}
    for complexity, classes in row.items():
        usable = [each for name in classes for each in own if each.model_class == ModelClass(name)]
        if not usable:
            return None
        chosen[complexity] = usable[0]
    return (lambda kind: chosen[CALL_KINDS[kind].complexity]) if chosen else None


def title_lines(language: str, format: str, turns: Sequence[Call]) -> Iterator[str]:
    total, shared = sum(call.tokens for call in turns), shared_percent(turns)
    yield f"Prompts, version {VERSION}: {format} in {language}, {len(turns)} turns of models"
    yield f"Input of turns: {total:,} tokens (o200k), {shared:.1f}% in a shared prefix"


def kind_lines(title: str, calls: Sequence[Call]) -> Iterator[str]:
    yield from ("", title, f"{'kind':24}{'calls':>6}{'tokens':>9}{'shared':>9}{'%':>7}")
    for kind, own in by_kind(calls):
        size, shared = sum(c.tokens for c in own), sum(c.shared_tokens for c in own)
        yield (f"{kind:24}{len(own):>6}{size // len(own):>9,}{shared // len(own):>9,}"
               f"{100 * shared / size:>7.1f}")


def deployment_lines(
    deployment: DeploymentSpec, turns: Sequence[Call], facts: Snapshot
) -> Iterator[str]:
    """Tokens here are the model's: ours times its factor."""
    done = sent(turns, _always(deployment), facts.prices)
    head = f"{'kind':24}{'fresh':>9}{'read':>9}{'written':>9}{'plain':>11}{'kept':>11}{'saves':>11}"
    yield from ("", f"{deployment.name}, all turns", head)
    for kind, own in (*by_kind(done), ("together", done)):
        yield row_of(kind, own)


def row_of(kind: str, own: Sequence[Sent]) -> str:
    fresh = sum(each.usage.fresh_input_tokens or 0 for each in own)
    read = sum(each.usage.cache_read_tokens or 0 for each in own)
    written = sum(each.usage.cache_write_tokens or 0 for each in own)
    money = (sum(each.plain_nanos for each in own), sum(each.nanos for each in own),
             sum(each.saved for each in own))
    dollars = "".join(f"{format_usd(nanos, places=5):>11}" for nanos in money)
    return f"{kind:24}{fresh:>9,}{read:>9,}{written:>9,}{dollars}"


def route_lines(
    facts: Snapshot, calls: Sequence[Call], cut: Sequence[Call], language: str
) -> Iterator[str]:
    yield f"{'route':30}{'plain':>10}{'kept':>10}{'window':>10}{'':>7}{'cut':>10}{'':>7}".rstrip()
    for name, route in routes_of(facts).items():
        done = sent(calls, route, facts.prices)
        kept, plain = sum(each.nanos for each in done), sum(each.plain_nanos for each in done)
        window = window_nanos(calls, route, facts.prices, language=language)
        same = sum(each.nanos for each in sent(cut, route, facts.prices))
        yield (f"{name:30}{usd(plain)}{usd(kept)}{usd(window)}{change(kept, window)}"
               f"{usd(same)}{change(kept, same)}")


def usd(nanos: int) -> str:
    return f"{format_usd(nanos, places=5):>10}"


def change(now: int, before: int) -> str:
    return f"{100 * now / before - 100:>+6.0f}%"


def by_kind(calls: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for each in calls:
        kind = each.kind if isinstance(each, Call) else each.call.kind
        groups.setdefault(kind, []).append(each)
    return list(groups.items())
