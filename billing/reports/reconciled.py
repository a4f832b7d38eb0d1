"""What a provider says and what we say, of a model on a day, and sums of such."""

from dataclasses import dataclass, field
from datetime import date

PER_MILLE = 5  # of the larger one: so far apart, two figures still agree
CENT = 10_000_000  # bills are rounded to cents


@dataclass
class Counted:
    """What one side says. None: it does not say."""

    requests: int | None = None
    fresh_input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    cost_nanos: int | None = None

    @property
    def tokens(self) -> int | None:
        """Of all four buckets."""
        known = [
            each for each in (
                self.fresh_input_tokens, self.cache_read_tokens, self.cache_write_tokens,
                self.output_tokens,
            ) if each is not None
        ]
        return sum(known) if known else None

    def add(self, other: "Counted") -> None:
        for name in FIELDS:
            mine, more = getattr(self, name), getattr(other, name)
            if more is not None:
                setattr(self, name, (mine or 0) + more)


FIELDS = tuple(Counted.__dataclass_fields__)


@dataclass
class Compared:
    """One model on one day, or a sum of such. `model` "": what belongs to no single model.
    `says_tokens`, `says_cost`: whether a file is about this day's tokens, or dollars;
    `is_cost_whole`: its dollars are of the whole day, and so compared there alone."""

    day: date
    model: str
    theirs: Counted = field(default_factory=Counted)
    ours: Counted = field(default_factory=lambda: Counted(0, 0, 0, 0, 0, 0))
    estimated_nanos: int = 0
    open_calls: int = 0
    deployments: set[str] = field(default_factory=set)
    says_tokens: bool = False
    says_cost: bool = False
    is_cost_whole: bool = False

    @property
    def cost_gap(self) -> int | None:
        """Ours less theirs."""
        if not self.says_cost or self.is_cost_whole:
            return None
        return (self.ours.cost_nanos or 0) - (self.theirs.cost_nanos or 0)

    @property
    def token_gap(self) -> int | None:
        if not self.says_tokens:
            return None
        return (self.ours.tokens or 0) - (self.theirs.tokens or 0)

    @property
    def agrees(self) -> bool:
        return self.cost_agrees and self.tokens_agree

    @property
    def cost_agrees(self) -> bool:
        gap = abs(self.cost_gap or 0)
        return gap <= CENT or _is_near(gap, self.ours.cost_nanos, self.theirs.cost_nanos)

    @property
    def tokens_agree(self) -> bool:
        return _is_near(abs(self.token_gap or 0), self.ours.tokens, self.theirs.tokens)

    def add(self, other: "Compared") -> None:
        self.theirs.add(other.theirs)
        self.ours.add(other.ours)
        self.estimated_nanos += other.estimated_nanos
        self.open_calls += other.open_calls
        self.deployments |= other.deployments


def _is_near(gap: int, ours: int | None, theirs: int | None) -> bool:
    return gap * 1000 <= PER_MILLE * max(ours or 0, theirs or 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`lines`: the newest day first, the dearest model of it on top. `missing`: days that the
    hourly sums are too far behind for. `has_older`: there are files about earlier days."""

    provider: str
    first: date
    last: date
    lines: tuple[Compared, ...]
    missing: frozenset[date]
    has_older: bool

    @property
    def days(self) -> tuple[Compared, ...]:
        """Each day's models together, the newest first."""
        found: dict[date, Compared] = {}
        for line in self.lines:
            if line.day not in found:
                found[line.day] = Compared(
                    line.day, "", Counted(), says_tokens=line.says_tokens,
                    says_cost=line.says_cost,
                )
            found[line.day].add(line)
        return tuple(found.values())

    @property
    def total(self) -> Compared:
        """Of the days that are about tokens, and of those about dollars: each on its own."""
        total = Compared(
            self.last, "", says_tokens=any(line.says_tokens for line in self.lines),
            says_cost=any(line.says_cost for line in self.lines),
        )
        for line in self.lines:
            total.theirs.add(line.theirs)
            total.ours.add(_comparable(line))
        return total

    def of_day(self, day: date) -> tuple[Compared, ...]:
        return tuple(line for line in self.lines if line.day == day)


def _comparable(line: Compared) -> Counted:
    ours = line.ours
    if not line.says_tokens:
        return Counted(cost_nanos=ours.cost_nanos)
    return ours if line.says_cost else Counted(
        ours.requests, ours.fresh_input_tokens, ours.cache_read_tokens, ours.cache_write_tokens,
        ours.output_tokens,
    )
