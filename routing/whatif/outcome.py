"""What a run is frozen as: the figures, and what is known only when all of them are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.whatif import quality
from routing.whatif.added import added
from routing.whatif.changes import Changes
from routing.whatif.play import Figures
from routing.whatif.quality import Rated


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is done, as pages read it."""

    figures: Figures
    added: tuple[Mapping[str, Any], ...]
    debate_nanos: int | None  # on average, where debates a day are changed; None: there was none
    ratings: Mapping[str, tuple[int, int]]
    quality_then: Rated
    quality_now: Rated

    @property
    def opened_nanos(self) -> int:
        """Debates that were refused then, each at the average."""
        return self.figures.now.admitted_debates * (self.debate_nanos or 0)

    @property
    def added_nanos(self) -> int:
        return sum(each["saved_nanos"] for each in self.added)

    @property
    def now_nanos(self) -> int:
        return self.figures.now.cost_nanos + self.opened_nanos - self.added_nanos

    @property
    def difference_nanos(self) -> int:
        """By the changes alone: both sides are replayed."""
        return self.now_nanos - self.figures.same.cost_nanos


def frozen(
    figures: Figures, changes: Changes, *, debate_nanos: int | None, now: datetime
) -> dict[str, Any]:
    rated = quality.ratings()
    return {
        "figures": figures.as_json(),
        "added": [each.as_json() for each in added(changes.layers_on, figures.now, now=now)],
        "debate_nanos": debate_nanos,
        "ratings": {name: list(pair) for name, pair in rated.items()},
        "quality_then": quality.of_mix(figures.then.deployments, rated).as_json(),
        "quality_now": quality.of_mix(figures.now.deployments, rated).as_json(),
    }


def outcome_of(result: Mapping[str, Any]) -> Outcome:
    return Outcome(
        Figures.of_json(result["figures"]), tuple(result["added"]), result["debate_nanos"],
        {name: (number, good) for name, (number, good) in result["ratings"].items()},
        Rated(**result["quality_then"]), Rated(**result["quality_now"]),
    )
