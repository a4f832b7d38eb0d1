"""Does a machine of one's own pay? Pure arithmetic on assumptions: `docs/roi.md` has the formulae.

Everything is exact until the last step: fractions of nanos, rounded once where a figure is shown.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

SECONDS_A_MONTH = 30 * 86_400
JOULES_A_KWH = 3_600_000
BASIS = 10_000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Money in nanos, shares in basis points. `cloud_nanos`: what a million output tokens cost in
    the cloud, their input included. `tokens_a_debate`: output of all its calls to models."""

    hardware_nanos: int
    watts: int
    idle_watts: int
    kwh_nanos: int
    lifetime_months: int
    utilisation_bp: int
    tokens_per_second: Fraction
    local_share_bp: int
    debates_a_month: int
    tokens_a_debate: int
    cloud_nanos: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """At so many times the users. `payback_months` None: it never pays back."""

    users: int
    debates: int
    local_tokens: int
    machines: int
    busy_bp: int
    cloud_nanos: int
    hardware_nanos: int
    energy_nanos: int
    saved_nanos: int
    million_nanos: int | None
    payback_months: Fraction | None

    @property
    def is_worth_it(self) -> bool:
        return self.saved_nanos > 0


def capacity(given: Assumptions) -> Fraction:
    """Output tokens that one machine makes in a month, if it works as much as is assumed."""
    return given.tokens_per_second * Fraction(given.utilisation_bp, BASIS) * SECONDS_A_MONTH


def hardware_a_month(given: Assumptions) -> Fraction:
    return Fraction(given.hardware_nanos, given.lifetime_months)


def energy_a_token(given: Assumptions) -> Fraction:
    """What working costs above idling, in nanos."""
    joules = Fraction(given.watts - given.idle_watts) / given.tokens_per_second
    return joules / JOULES_A_KWH * given.kwh_nanos


def idle_a_month(given: Assumptions) -> Fraction:
    """Nanos of a machine that is on all month and does nothing."""
    return Fraction(given.idle_watts * SECONDS_A_MONTH, JOULES_A_KWH) * given.kwh_nanos


def million_local(given: Assumptions) -> int | None:
    """What a million tokens of one's own cost, on a machine as busy as is assumed."""
    tokens = capacity(given)
    if not tokens:
        return None
    a_month = hardware_a_month(given) + idle_a_month(given)
    return round((a_month / tokens + energy_a_token(given)) * MILLION)


def break_even_debates(given: Assumptions) -> int | None:
    """Debates a month from which on one machine costs no more than the cloud. None: never."""
    a_token = Fraction(given.cloud_nanos, MILLION) - energy_a_token(given)
    a_debate = a_token * given.tokens_a_debate * Fraction(given.local_share_bp, BASIS)
    if a_debate <= 0:
        return None
    return ceil((hardware_a_month(given) + idle_a_month(given)) / a_debate)


def debates_of_one_machine(given: Assumptions) -> int | None:
    """Debates a month whose local share one machine can take. None: it takes nothing of them."""
    a_debate = given.tokens_a_debate * Fraction(given.local_share_bp, BASIS)
    return int(capacity(given) / a_debate) if a_debate else None


def outcome(given: Assumptions, *, users: int = 1) -> Outcome:
    """A month at so many times the users, with as many machines as that needs."""
    debates = given.debates_a_month * users
    tokens = debates * given.tokens_a_debate * Fraction(given.local_share_bp, BASIS)
    machines = max(1, ceil(tokens / capacity(given)))
    cloud = tokens * Fraction(given.cloud_nanos, MILLION)
    energy = tokens * energy_a_token(given) + machines * idle_a_month(given)
    hardware = machines * hardware_a_month(given)
    kept = cloud - energy  # each month, once the machines are paid for
    return Outcome(
        users=users, debates=debates, local_tokens=round(tokens), machines=machines,
        busy_bp=round(
            tokens / (machines * given.tokens_per_second * SECONDS_A_MONTH) * BASIS
        ),
        cloud_nanos=round(cloud), hardware_nanos=round(hardware), energy_nanos=round(energy),
        saved_nanos=round(kept - hardware),
        million_nanos=round((hardware + energy) / tokens * MILLION) if tokens else None,
        payback_months=machines * given.hardware_nanos / kept if kept > 0 else None,
    )


def paid_after(given: Assumptions, months: int, *, users: int = 1) -> tuple[int, int]:
    """In all, after so many months: in the cloud, and with machines of one's own."""
    found = outcome(given, users=users)
    own = found.machines * given.hardware_nanos + months * found.energy_nanos
    return months * found.cloud_nanos, own
