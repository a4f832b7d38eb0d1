"""What is found out behind the scenes: each call once for a debate, however many wait for it.

One that fails, or that nobody can use, is written down and left out: no turn fails for it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from routing import gateway
from routing.call_kinds import SEARCH
from routing.debates.calls import Part, background_request, room_of
from routing.debates.commits import Commits
from routing.debates.prompts import Prompt, background_prompt, found_text
from routing.debates.routes import Routes
from routing.debates.scenes import Scene
from routing.debates.sharing import is_canonical, is_told_by_id
from routing.debates.types import Background, Found
from routing.models import BackgroundCall, Turn
from routing.sources import is_found
from routing.types import Chunk, Reuse

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Props:
    """What calls need beside the scene."""

    part: Part
    routes: Routes


@dataclass(slots=True)
class Finding:
    """One call under way. `result` is there as soon as the answer is: before it is settled."""

    task: "asyncio.Task[None]"
    result: "asyncio.Future[Found | None]"


class Backstage:
    """The background calls of one debate that are under way."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._running: dict[tuple[str, str, int], Finding] = {}
        self._forgotten: set[asyncio.Task[None]] = set()  # until they have settled

    @property
    def tasks(self) -> list["asyncio.Task[None]"]:
        return [each.task for each in self._running.values() if not each.task.done()]

    def start(self, wanted: Iterable[Background], scene: Scene, props: Props) -> None:
        """Those that are not made and not under way."""
        made = {(row.kind, row.speaker, row.step) for row in scene.background}
        for background in wanted:
            known = self._running.get(background.key)
            if background.key in made or (known is not None and not known.task.cancelled()):
                continue
            result: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._find_out(background, scene, props, result))
            task.add_done_callback(partial(_over, result))
            self._running[background.key] = Finding(task, result)

    async def found(self, wanted: Callable[[Background], bool]) -> list[Found]:
        """What those that are wanted found out; waits for them."""
        results = [each.result for key, each in self._running.items() if wanted(Background(*key))]
        done = await asyncio.gather(*map(asyncio.shield, results), return_exceptions=True)
        return [each for each in done if isinstance(each, Found)]

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    def forget(self, unwanted: Iterable[Background]) -> None:
        """What they are about is not said any more."""
        for background in unwanted:
            if known := self._running.pop(background.key, None):
                known.task.cancel()
                self._forgotten.add(known.task)
                known.task.add_done_callback(self._forgotten.discard)

    async def stop(self) -> None:
        self.cancel()
        tasks = [each.task for each in self._running.values()]
        await asyncio.gather(*tasks, *self._forgotten, return_exceptions=True)

    async def _find_out(
        self, background: Background, scene: Scene, props: Props,
        result: "asyncio.Future[Found | None]",
    ) -> None:
        call_id = uuid4()
        answer_id: int | None = None
        try:
            async for text, answer_id in self._texts(background, scene, props, call_id):
                if not result.done():
                    result.set_result(_found(background, call_id, text, answer_id))
        except CostControlError as error:
            log.info("debates: %s of %s left out (%s)", background, scene.debate, error.message)
        except Exception:  # whatever it is: the turn goes on without it
            log.exception("debates: %s of %s left out", background, scene.debate)
        if not result.done():
            result.set_result(None)
        found = result.result()
        await self._commits.do(lambda _events: _keep(
            background, scene.debate.pk, call_id, found, answer_id=answer_id,
            about=scene.turn_before(background),
        ))

    async def _texts(
        self, background: Background, scene: Scene, props: Props, call_id: UUID
    ) -> AsyncGenerator[tuple[str, int | None]]:
        """What is found out, as soon as it is whole; ends when it is settled. With the stored
        answer that it is: where keys depend on that, not before it is known."""
        assert scene.caller
        reuse, prompt = _prompt(background, scene, props)
        request = background_request(props.part, background, prompt, reuse=reuse)
        answer = await gateway.answer(request, scene.caller, call_id=call_id)
        pieces: list[str] = []
        is_whole = is_vain = False
        async with aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                pieces.append(chunk.text)
                is_whole = is_whole or chunk.stop_reason is not None
                is_vain = is_vain or _is_vain(background, chunk, pieces)
                if chunk.stop_reason and not is_told_by_id(background.kind, reuse) and not is_vain:
                    yield _told(background, scene, reuse, pieces), answer.stored_id
        if is_whole and not is_vain:
            yield _told(background, scene, reuse, pieces), answer.stored_id


def _prompt(background: Background, scene: Scene, props: Props) -> tuple[Reuse | None, Prompt]:
    """And whether others may be given the answer."""
    sharing, found = scene.sharing, scene.found
    reuse = sharing.of_background(background, found) if sharing else None
    if sharing and is_canonical(background.kind, reuse):
        return reuse, sharing.prompt(
            background.kind, background.speaker, found, step=background.step
        )
    return reuse, background_prompt(
        background, brief=scene.brief, transcript=scene.transcript, found=found,
        room_tokens=room_of(props.routes, background.kind),
    )


def _is_vain(background: Background, chunk: Chunk, pieces: Iterable[str]) -> bool:
    """It was to search the web, and has not, or found nothing."""
    if background.kind != SEARCH or chunk.stop_reason is None:
        return False
    searches = chunk.usage.searches if chunk.usage else None
    return not is_found("".join(pieces), searches=searches)


def _told(
    background: Background, scene: Scene, reuse: Reuse | None, pieces: Iterable[str]
) -> str:
    kind = background.kind
    text = found_text(kind, "".join(pieces)).replace("\0", "")
    if scene.sharing and is_canonical(kind, reuse):
        return scene.sharing.in_debate(kind, text)
    return text


def _over(result: "asyncio.Future[Found | None]", _task: "asyncio.Task[None]") -> None:
    """Nobody waits for what was cancelled."""
    result.cancel()


def _found(
    background: Background, call_id: UUID, text: str, answer_id: int | None
) -> Found | None:
    """None: nobody can use it."""
    kind, speaker, step = background.key
    return Found(kind, speaker, step, text, call_id, answer_id) if text else None


def _keep(
    background: Background, debate_id: UUID, call_id: UUID, found: Found | None, *,
    answer_id: int | None, about: UUID | None = None,
) -> None:
    """Somebody else may have been faster, after a crash: then theirs stays. `about`: the turn that
    it is about; if that was written anew meanwhile, this is about nothing."""
    if about and Turn.objects.filter(pk=about, status=Turn.Status.REPLACED).exists():
        return
    row = BackgroundCall(
        debate_id=debate_id, kind=background.kind, speaker=background.speaker,
        step=background.step, call_id=call_id, text=found.text if found else "",
        answer_id=answer_id, created_at=clock.now(),
    )
    BackgroundCall.objects.bulk_create([row], ignore_conflicts=True)
