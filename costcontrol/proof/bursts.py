"""Many calls at once against a budget that only some of them fit in; and the same call many times.

Every answer of the `flat` model costs exactly a cent, so the count must be exact as well.
"""

from costcontrol.lib.money import NANOS_PER_USD, Nanos
from costcontrol.proof.audit import books_check, spent_check, usage_check, usd
from costcontrol.proof.crew import Member, outcomes_of, start_together
from costcontrol.proof.rows import deployment_name, payer_make
from costcontrol.proof.scene import Check, Result, Scene
from costcontrol.proof.worker import ANSWERED, REFUSED, Order

CENT = Nanos(NANOS_PER_USD // 100)
TOKENS = 100  # at 100,000 nanos each: a cent


def prove_burst(scene: Scene, *, processes: int, calls: int, room: int) -> Result:
    payer = payer_make("burst", cap=Nanos(room * CENT))
    outcomes, are_well = _run(scene, payer.pk, "burst", processes=processes, calls=calls)
    sold = len(scene.books.starting_with("burst"))
    asked = processes * calls
    return Result(
        f"burst: {asked} calls of {usd(CENT)} by {processes} processes, against {usd(room * CENT)}",
        (
            Check(
                f"{outcomes[ANSWERED]} answered, {outcomes[REFUSED]} refused, "
                f"{sold} reached the upstream",
                are_well and outcomes == {ANSWERED: room, REFUSED: asked - room} and sold == room,
            ),
            spent_check(payer, exactly=room * CENT),
            usage_check(payer),
            books_check(),
        ),
    )


def prove_repeats(scene: Scene, *, processes: int, calls: int) -> Result:
    payer = payer_make("same", cap=Nanos(2 * processes * calls * CENT))
    outcomes, are_well = _run(
        scene, payer.pk, "same", processes=processes, calls=calls, is_repeated=True
    )
    sold = len(scene.books.starting_with("same"))
    return Result(
        f"same key: {calls} Idempotency-Keys, each used by {processes} processes at once",
        (
            Check(
                f"{outcomes[ANSWERED]} answered, {sold} reached the upstream",
                are_well and outcomes == {ANSWERED: processes * calls} and sold == calls,
            ),
            spent_check(payer, exactly=calls * CENT),
            books_check(),
        ),
    )


def _run(
    scene: Scene, user_id: int, prefix: str, *, processes: int, calls: int,
    is_repeated: bool = False,
) -> tuple[dict[str, int], bool]:
    """How often each outcome was; whether every process ended as it should."""
    crew = [
        Member(scene, Order(
            name=f"w{number}", user_id=user_id, model=deployment_name("flat"), prefix=prefix,
            max_tokens=TOKENS, width=min(calls, 16), calls=calls, is_repeated=is_repeated,
        ))
        for number in range(processes)
    ]
    start_together(crew)
    codes = [member.finish() for member in crew]
    return outcomes_of(crew), not any(codes)
