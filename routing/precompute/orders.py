"""What a run may choose from, as somebody asked for it. Checked once, kept in the run as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Tier
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.money import from_usd
from costcontrol.lib.sentences import Sentence as _
from routing.debates.canonical import LEVELS
from routing.debates.reuse import OF_STATEMENTS
from routing.debates.types import LANGUAGES
from routing.snapshot import Snapshot

HISTORY_DAYS = 30
# What the moderator's templates say, and what a stored opening makes superfluous, is not made ahead
# unless somebody asks for it.
USUAL_KINDS = (
    "stance_statements", "core_arguments", "rag_query", "opening_statement", "opening_analysis",
)
MOST = {"horizon_days": 365, "topics": 10_000, "variants": 10, "history_days": 365}


@dataclass(frozen=True, slots=True)
class Order:
    """`debates_per_day` None: as many as there were. `variants`: at most so many of a key."""

    languages: tuple[str, ...]
    kinds: tuple[str, ...]
    tier: str
    budget_nanos: int
    horizon_days: int = 30
    topics: int = 200
    variants: int = 3
    history_days: int = HISTORY_DAYS
    debates_per_day: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "languages": list(self.languages), "kinds": list(self.kinds), "tier": self.tier,
            "horizon_days": self.horizon_days, "topics": self.topics, "variants": self.variants,
            "history_days": self.history_days, "debates_per_day": self.debates_per_day,
        }


def order_of(asked: Mapping[str, Any], *, snapshot: Snapshot) -> Order:
    """Raises BadRequest with a sentence that says what to write instead."""
    numbers = {name: _number(asked.get(name), name, usual) for name, usual in _usual().items()}
    return Order(
        languages=_some(asked.get("languages"), LANGUAGES, LANGUAGES, "languages"),
        kinds=_some(asked.get("kinds"), kinds_on_offer(snapshot), USUAL_KINDS, "kinds"),
        tier=_tier(str(asked.get("tier") or "premium")),
        budget_nanos=_budget(asked.get("budget_usd")),
        debates_per_day=_rate(asked.get("debates_per_day")),
        **numbers,
    )


def kinds_on_offer(snapshot: Snapshot) -> tuple[str, ...]:
    """What can be made without a debate, and may be by its row. Not what reads the statements of a
    whole cast: which ones those are depends on who was shown what."""
    return tuple(
        name for name in LEVELS
        if name not in OF_STATEMENTS and (row := snapshot.kinds.get(name))
        and row.is_batchable and row.is_enabled
    )


def _usual() -> dict[str, int]:
    return {"horizon_days": 30, "topics": 200, "variants": 3, "history_days": HISTORY_DAYS}


def _some(
    asked: Any, known: Sequence[str], usual: Sequence[str], name: str
) -> tuple[str, ...]:
    wanted = tuple(asked) if asked else tuple(each for each in usual if each in known)
    unknown = sorted(set(wanted) - set(known))
    if unknown or not wanted:
        raise BadRequest(
            _("There is no “%(what)s” to choose. Use some of: %(known)s.")
            % {"what": (unknown or [name])[0][:40], "known": ", ".join(known)},
            param=name,
        )
    return tuple(each for each in known if each in wanted)


def _tier(name: str) -> str:
    names = list(Tier.objects.order_by("rank").values_list("pk", flat=True))
    if name not in names:
        raise BadRequest(
            _("There is no plan “%(name)s”. Use one of: %(names)s.")
            % {"name": name[:40], "names": ", ".join(names)},
            param="tier",
        )
    return name


def _number(asked: Any, name: str, usual: int) -> int:
    text = str(asked if asked not in (None, "") else usual).strip()
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST[name]):
        raise BadRequest(
            _("“%(text)s” does not do for %(name)s: write a whole number from 1 to %(most)d.")
            % {"text": text[:20], "name": name, "most": MOST[name]},
            param=name,
        )
    return int(text)


def _rate(asked: Any) -> float | None:
    if asked in (None, ""):
        return None
    try:
        rate = float(asked)
        if 0 < rate <= 1_000_000:
            return rate
    except (TypeError, ValueError):
        pass
    raise BadRequest(
        _("“%(text)s” is no number of debates a day. Leave it empty to take those of the past.")
        % {"text": str(asked)[:20]},
        param="debates_per_day",
    )


def _budget(asked: Any) -> int:
    try:
        nanos = from_usd(str(asked or "").strip())
        if 0 < nanos <= from_usd("100000"):
            return nanos
    except ValueError:
        pass
    raise BadRequest(
        _("Say what the run may cost, in dollars: more than 0, at most 100,000."),
        param="budget_usd",
    )
