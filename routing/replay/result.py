"""What a replay came to: figures at each checkpoint, the baseline, growth. As JSON too."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from routing.replay.figures import Figures, added
from routing.replay.levers import layers_of, models_of, savings_of
from routing.replay.options import Options
from routing.replay.play import Played


@dataclass(frozen=True, slots=True)
class Growth:
    """Two first months, one with more users. In nano-USD."""

    factor: float
    small_debates: int
    small_spend: int
    small_baseline: int
    large_debates: int
    large_spend: int

    @property
    def times(self) -> float:
        return self.large_spend / max(1, self.small_spend)

    @property
    def of_baseline(self) -> float:
        """The many, optimised, over the few on the baseline."""
        return self.large_spend / max(1, self.small_baseline)


@dataclass(frozen=True, slots=True)
class Result:
    """`frozen`: the baseline's two debates, watched and taken part in."""

    options: Options
    figures: tuple[Figures, ...]
    frozen: tuple[Figures, Figures]
    calls: int
    seconds: float
    processes: int
    cpu_s: float  # of all processes
    problems: tuple[str, ...]
    growth: Growth | None = None

    @property
    def frozen_nanos(self) -> float:
        """A debate, by how many take part."""
        watched, seated = (savings_of(each).spend for each in self.frozen)
        share = self.options.participate
        return (1 - share) * watched + share * seated

    def as_json(self) -> dict[str, Any]:
        return {
            "options": asdict(self.options), "frozen_baseline_nanos": self.frozen_nanos,
            "checkpoints": [_checkpoint(each) for each in self.figures],
            "growth": asdict(self.growth) | {"times": self.growth.times} if self.growth else None,
            "calls": self.calls, "seconds": round(self.seconds, 1), "processes": self.processes,
            "cpu_seconds": round(self.cpu_s, 1),
            "problems": self.problems,
        }


def result_of(options: Options, parts: Sequence[Played], *, seconds: float) -> Result:
    watched, seated = next(part.frozen for part in parts if part.frozen)
    checkpoints = zip(*(part.figures for part in parts), strict=True)
    return Result(
        options, tuple(map(added, checkpoints)), (watched, seated),
        calls=sum(part.calls for part in parts), seconds=seconds, processes=len(parts),
        cpu_s=sum(part.cpu_s for part in parts),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def growth_of(factor: float, small: Result, large: Result) -> Growth:
    few, many = savings_of(small.figures[-1]), savings_of(large.figures[-1])
    return Growth(
        factor, small.options.debates, few.spend, few.baseline, large.options.debates, many.spend
    )


def _checkpoint(figures: Figures) -> dict[str, Any]:
    saved = savings_of(figures)
    return {
        "debates": figures.debates, "baseline_nanos": saved.baseline, "spend_nanos": saved.spend,
        "saved_share": saved.share, "levers_nanos": dict(saved.parts), "keys": figures.keys,
        "variants": figures.variants, "shareable_calls": figures.shareable,
        "layers": [asdict(layer) for layer in layers_of(figures)],
        "models": [asdict(model) for model in models_of(figures)],
        "groups": [asdict(group) for group in figures.groups],
    }
