"""Who speaks when, and what has to be found out before and after: a debate as a list of steps.

    opening -> pro_argument -> con_argument -> moderator_summary_1 -> interactive_argument
    -> moderator_summary_2 -> pro_conclusion -> con_conclusion -> closing

Interactive: a cycle for each speaker, CON first: attack, defence, follow-up. Whoever the user plays
speaks by the user; with a teammate beside them, the teammate is attacked instead.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace

from routing.call_kinds import SEARCH
from routing.debates.types import FORMATS, MODERATOR, Background, Step

STAGES = (
    "opening", "pro_argument", "con_argument", "moderator_summary_1", "interactive_argument",
    "moderator_summary_2", "pro_conclusion", "con_conclusion", "closing",
)
CYCLE = ("attack_response", "defense_response", "followup_response")


@dataclass(frozen=True, slots=True)
class Shape:
    """All that a plan depends on. `is_lean`: no background calls, for models that are too small to
    use them; `off`: kinds that the operator switched off; `has_search`: somebody can search the web
    for it."""

    format: str
    seat: str = ""
    has_context: bool = False
    is_lean: bool = False
    off: Set[str] = frozenset()
    has_search: bool = False


def plan_of(shape: Shape) -> tuple[Step, ...]:
    return tuple(
        _trimmed(replace(step, index=index), shape) for index, step in enumerate(_steps(shape))
    )


def speakers_of(format: str) -> tuple[str, ...]:
    return tuple(f"{side}{i + 1}" for side in ("pro", "con") for i in range(FORMATS[format]))


def _steps(shape: Shape) -> Iterator[Step]:
    yield Step(0, "opening", "moderator_intro", MODERATOR)
    yield from _of_sides(shape, "{side}_argument", "opening_statement")
    yield Step(0, "moderator_summary_1", "moderator_summary_1", MODERATOR)
    yield from _interactive(shape)
    yield Step(0, "moderator_summary_2", "moderator_summary_2", MODERATOR)
    yield from _of_sides(shape, "{side}_conclusion", "conclusion")
    yield Step(0, "closing", "closing", MODERATOR)


def _of_sides(shape: Shape, stage: str, kind: str) -> Iterator[Step]:
    for speaker in speakers_of(shape.format):
        yield Step(
            0, stage.format(side=speaker[:3]), kind, speaker, is_users=speaker == shape.seat
        )


def _interactive(shape: Shape) -> Iterator[Step]:
    for attacker in _attackers(shape.format):
        defender = _defender(attacker, shape)
        for kind in CYCLE:
            speaker, target = attacker, defender
            if kind == "defense_response":
                speaker, target = defender, attacker
            yield Step(
                0, "interactive_argument", kind, speaker, target,
                is_users=speaker == shape.seat,
                has_transition=kind == "attack_response" and attacker != "con1",
            )


def _attackers(format: str) -> tuple[str, ...]:
    return tuple(f"{side}{i + 1}" for i in range(FORMATS[format]) for side in ("con", "pro"))


def _defender(attacker: str, shape: Shape) -> str:
    side = "pro" if attacker.startswith("con") else "con"
    people = [speaker for speaker in speakers_of(shape.format) if speaker.startswith(side)]
    usual = people[int(attacker[3:]) - 1]
    others = [speaker for speaker in people if speaker != shape.seat]
    return others[0] if usual == shape.seat and others else usual


def _trimmed(step: Step, shape: Shape) -> Step:
    """With its background calls, as far as they are wanted."""
    if shape.is_lean:
        return step

    def wanted(kinds: tuple[str, ...]) -> tuple[Background, ...]:
        return tuple(
            Background(kind, step.speaker, step.index) for kind in kinds if kind not in shape.off
        )

    return replace(step, before=wanted(_before(step, shape)), after=wanted(_after(step)))


def _before(step: Step, shape: Shape) -> tuple[str, ...]:
    if step.kind == "moderator_intro":
        return ("stance_statements", *(["context_summary"] if shape.has_context else []))
    if step.is_users:
        return ()
    if step.kind == "opening_statement":
        return ("core_arguments", "rag_query", *([SEARCH] if shape.has_search else []))
    return ("tone_select",) if step.kind in CYCLE else ()


def _after(step: Step) -> tuple[str, ...]:
    kinds: list[str] = []
    if step.kind == "opening_statement":
        kinds += ["opening_analysis"] if step.is_users else ["quality_check", "opening_analysis"]
    if step.kind in CYCLE and step.is_users:
        kinds.append("user_turn_analysis")
    if step.kind == "followup_response":
        kinds.append("turn_analysis")
    return tuple(kinds)


def next_steps(steps: tuple[Step, ...], done: Callable[[Step], bool]) -> tuple[Step, ...]:
    """The steps that may come now, the usual one first. Within a stage of openings or conclusions
    speakers may come in another order; a cycle is never broken up."""
    left = [step for step in steps if not done(step)]
    if not left:
        return ()
    first = left[0]
    if first.stage == "interactive_argument" or first.speaker == MODERATOR:
        return (first,)
    return tuple(step for step in left if step.stage == first.stage)
