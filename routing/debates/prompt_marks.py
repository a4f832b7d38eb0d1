"""Where a prompt's shareable prefix ends, and whether a provider should keep it.

Keeping a prefix costs a quarter more than reading it once, and pays if one later call reads it: on
the same model, before it is forgotten. Models follow from the complexity of a call, so only a call
of the same complexity counts, and only if it begins soon enough. See docs/prompts.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from routing.call_kinds import CALL_KINDS
from routing.debates.types import Said, Step

KEPT_S = 300  # Anthropic's shortest; each read starts it anew
SAFE_S = 240  # what we count on: people are not clocks
WRITE, READ = 1.25, 0.10  # of the price of fresh input; reading is cheaper still on some models

# How long a turn takes until the next begins: written, and read by somebody. Modelled.
PACE_S: Mapping[str, int] = MappingProxyType({
    "moderator_intro": 40, "opening_statement": 75, "moderator_summary_1": 45,
    "attack_response": 20, "defense_response": 20, "followup_response": 20,
    "moderator_summary_2": 45, "conclusion": 45, "closing": 30,
})
USERS_PACE_S = 120  # somebody types

# What a turn reads of the transcript. Openings stand by themselves, so that the same one can open
# another debate. The exchange sees all of it. For the last statements another model comes, which
# would have to be told everything anew: they see the two summaries, which stand for what they sum
# up, how the exchange ended, and each other.
NOTHING, ALL, LAST, END = "nothing", "all", "last", "end"
VIEWS: Mapping[str, str] = MappingProxyType({
    "moderator_intro": NOTHING, "opening_statement": NOTHING, "conclusion": LAST, "closing": END,
})
FIRST_SUMMARY, SECOND_SUMMARY = "moderator_summary_1", "moderator_summary_2"
LAST_CYCLE = 3  # messages


def view_of(kind: str) -> str:
    return VIEWS.get(kind, ALL)


def viewed(kind: str, transcript: Sequence[Said]) -> tuple[Said, ...]:
    """The part of the transcript that this kind of turn reads."""
    said = [each for each in transcript if each.text.strip() and each.kind != "moderator_intro"]
    ends = [at for at, each in enumerate(said) if each.kind == SECOND_SUMMARY]
    view = view_of(kind)
    if view == NOTHING:
        return ()
    if view == ALL or not ends:
        return tuple(said)
    first = ends[0] if view == END else max(0, ends[0] - LAST_CYCLE)
    sums = [each for each in said[:first] if view == LAST and each.kind == FIRST_SUMMARY]
    return (*sums, *said[first:])


def pays(readers: int, *, write: float = WRITE, read: float = READ) -> bool:
    """Is it cheaper to keep a prefix than to send it fresh each time?"""
    return write + readers * read < 1 + readers


def is_same_model(kind: str, other: str) -> bool:
    return CALL_KINDS[kind].complexity == CALL_KINDS[other].complexity


def readers_of(step: Step, steps_left: Iterable[Step]) -> tuple[Step, ...]:
    """The turns on the same model that begin before this one's prefix is forgotten."""
    passed, readers = PACE_S[step.kind], []
    for later in steps_left:
        if later.index <= step.index:
            continue
        if passed > SAFE_S:
            break
        if not later.is_users and is_same_model(step.kind, later.kind):
            readers.append(later)
        passed += USERS_PACE_S if later.is_users else PACE_S[later.kind]
    return tuple(readers)


def earlier_of(step: Step, transcript: Sequence[Said]) -> Said | None:
    """The last turn on the same model, if what it had kept cannot be forgotten yet."""
    passed = 0
    for said in reversed(transcript):
        if said.kind not in PACE_S:
            continue
        passed += USERS_PACE_S if said.is_users else PACE_S[said.kind]
        if passed > SAFE_S:
            return None
        if not said.is_users and is_same_model(step.kind, said.kind):
            return said
    return None


def marks_of(
    step: Step, *, lines: Sequence[Said], transcript: Sequence[Said], steps_left: Sequence[Step]
) -> frozenset[int]:
    """After how many of its lines a prompt's prefix is to be kept, or was: 0 is after the brief.

    `lines` are those that the prompt holds. Empty: nothing is worth keeping or reading.
    """
    marks = set()
    readers = readers_of(step, steps_left)
    if pays(sum(view_of(each.kind) == view_of(step.kind) for each in readers)):
        marks |= {len(lines), *_ends_before(len(lines))}
    elif pays(len(readers)):
        marks.add(0)
    if (earlier := earlier_of(step, transcript)) is not None:
        marks.add(_kept_by(earlier, step, lines))
    return frozenset(marks | {0}) if marks else frozenset()


def _ends_before(count: int) -> Iterable[int]:
    """Where the last two turns ended. Whoever spoke them, it costs nothing to look there for what
    is known already, since all of it is to be kept anyway."""
    return (n for n in (count - 1, count - 2) if n > 0)


def _kept_by(earlier: Said, step: Step, lines: Sequence[Said]) -> int:
    """Up to which of our lines an earlier turn has read."""
    if view_of(earlier.kind) != view_of(step.kind):
        return 0
    return sum(said.step < earlier.step for said in lines)
