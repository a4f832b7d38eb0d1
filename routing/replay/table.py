"""A replay in words and columns, for people. English, like all that commands print."""

from collections.abc import Iterator, Sequence

from routing.replay.assumptions import assumed, differs, policy
from routing.replay.levers import SAID, layers_of, models_of, savings_of
from routing.replay.options import Options
from routing.replay.result import Growth, Result

NANO = 1_000_000_000
WIDTH, COLUMN = 44, 20


def lines_of(result: Result) -> Iterator[str]:
    options = result.options
    yield f"Replay of {options.debates:,} debates, seed {options.seed}, routes “{options.routes}”"
    for title, told in (
        ("Assumed, not measured", assumed(options)),
        (f"Routes: “{options.routes}”", policy(options)),
        ("Not as in the product", differs()),
    ):
        yield from ("", title, *(f"  {line}" for line in told))
    yield from ("", *_frozen(result))
    yield from ("", *_levers(result))
    yield from ("", *_layers(result))
    yield from ("", *_models(result))
    if result.growth:
        yield from ("", *_growth(result.growth, options))
    yield from ("", *_books(result))


def _frozen(result: Result) -> Iterator[str]:
    watched, seated = map(savings_of, result.frozen)
    yield "The frozen baseline, metered here"
    yield (
        "  every call of the plan on the premium model, no cache, searches and the summary of an "
        "added text included:"
    )
    yield (
        f"  {_usd(watched.spend)} watched, {_usd(seated.spend)} taken part in; "
        f"{_usd(result.frozen_nanos)} a debate"
    )


def _levers(result: Result) -> Iterator[str]:
    """One column a checkpoint; the parts add up to the nano."""
    found = [(each.debates, savings_of(each)) for each in result.figures]
    yield _row("USD a debate", [f"{debates:,} debates" for debates, _ in found])
    yield _row(
        "baseline of these debates", [_cell(s.baseline / n, 1.0) for n, s in found]
    )
    for name, said in SAID.items():
        if any(s.parts[name] for _, s in found):
            yield _row(f"- {said}", [
                _cell(s.parts[name] / n, s.parts[name] / s.baseline) for n, s in found
            ])
    yield _row("= spend", [_cell(s.spend / n, s.spend / s.baseline) for n, s in found])
    yield _row("saved", [f"{s.share:.1%}" for _, s in found])
    yield _row("saved of the frozen baseline", [
        f"{1 - s.spend / n / result.frozen_nanos:.1%}" for n, s in found
    ])
    yield _row("spend in all", [f"${s.spend / NANO:,.2f}" for _, s in found])


def _layers(result: Result) -> Iterator[str]:
    columns = [layers_of(each) for each in result.figures]
    yield _row("answered without a model: of calls, of dollars", [
        f"{each.debates:,} debates" for each in result.figures
    ])
    for row in zip(*columns, strict=True):
        if any(layer.calls for layer in row):
            yield _row(f"  {SAID[row[0].name]}", [
                f"{layer.share_of_calls:.1%} {layer.share_of_dollars:>8.1%}" for layer in row
            ])
    for said, name in (
        ("different keys stored", "keys"), ("stored answers, variants included", "variants"),
        ("calls whose answer others may be given", "shareable"),
    ):
        yield _row(said, [f"{getattr(each, name):,}" for each in result.figures])


def _models(result: Result) -> Iterator[str]:
    last = result.figures[-1]
    yield f"Calls to models, {last.debates:,} debates"
    for model in models_of(last):
        yield _row(f"  {model.name}", [f"{model.calls:,}", f"${model.cost_nanos / NANO:,.2f}"])


def _growth(growth: Growth, options: Options) -> Iterator[str]:
    yield f"Growth: a first month from an empty store, with {growth.factor:g} times the users"
    yield (
        f"  {growth.small_debates:,} debates cost ${growth.small_spend / NANO:,.2f}; "
        f"{growth.large_debates:,} cost ${growth.large_spend / NANO:,.2f}: "
        f"{growth.times:.1f} times as much"
    )
    yield (
        f"  and {growth.of_baseline:.2f} times what the few cost on the baseline "
        f"(${growth.small_baseline / NANO:,.2f})"
    )


def _books(result: Result) -> Iterator[str]:
    yield (
        f"{result.calls:,} calls in {result.seconds:.0f} s, {result.processes} processes, "
        f"{result.cpu_s:.0f} s of processor time"
    )
    if not result.problems:
        yield "Ledger, usage rows and the providers' own books agree to the nano."
    for problem in result.problems:
        yield f"The books differ: {problem}."


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{WIDTH}}" + "".join(f"{cell:>{COLUMN}}" for cell in cells)


def _cell(nanos: float, share: float) -> str:
    return f"{_usd(nanos)} {share:>8.1%}"


def _usd(nanos: float) -> str:
    return f"${nanos / NANO:.4f}" if nanos >= 0 else f"-${-nanos / NANO:.4f}"
