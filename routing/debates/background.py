"""What is found out behind the scenes: each call once for a debate, however many wait for it.

One that fails, or that nobody can use, is written down and left out: no turn fails for it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from routing import gateway
from routing.debates.calls import Part, background_request, room_of
from routing.debates.commits import Commits
from routing.debates.prompts import background_prompt, found_text
from routing.debates.routes import Routes
from routing.debates.scenes import Scene
from routing.debates.types import Background, Found
from routing.models import BackgroundCall

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Props:
    """What calls need beside the scene."""

    part: Part
    routes: Routes


class Backstage:
    """The background calls of one debate that are under way."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._running: dict[tuple[str, str, int], asyncio.Task[Found | None]] = {}

    @property
    def tasks(self) -> list["asyncio.Task[Found | None]"]:
        return [task for task in self._running.values() if not task.done()]

    def start(self, wanted: Iterable[Background], scene: Scene, props: Props) -> None:
        """Those that are not made and not under way."""
        made = {(row.kind, row.speaker, row.step) for row in scene.background}
        for background in wanted:
            known = self._running.get(background.key)
            if background.key in made or (known is not None and not known.cancelled()):
                continue
            self._running[background.key] = asyncio.create_task(
                self._find_out(background, scene, props)
            )

    async def found(self, wanted: Callable[[Background], bool]) -> list[Found]:
        """What those that are wanted found out; waits for them."""
        tasks = [task for key, task in self._running.items() if wanted(Background(*key))]
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return [each for each in done if isinstance(each, Found)]

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def stop(self) -> None:
        self.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _find_out(
        self, background: Background, scene: Scene, props: Props
    ) -> Found | None:
        call_id = uuid4()
        try:
            text = await self._asked(background, scene, props, call_id)
        except CostControlError as error:
            log.info("debates: %s of %s left out (%s)", background, scene.debate, error.message)
            text = ""
        except Exception:  # whatever it is: the turn goes on without it
            log.exception("debates: %s of %s left out", background, scene.debate)
            text = ""
        return await self._commits.do(
            lambda _events: _kept(background, scene.debate.pk, call_id, text)
        )

    async def _asked(
        self, background: Background, scene: Scene, props: Props, call_id: UUID
    ) -> str:
        assert scene.caller
        prompt = background_prompt(
            background, brief=scene.brief, transcript=scene.transcript, found=scene.found,
            room_tokens=room_of(props.routes, background.kind),
        )
        request = background_request(props.part, background, prompt)
        answer = await gateway.answer(request, scene.caller, call_id=call_id)
        chunks = await answer.whole()
        return found_text(background.kind, "".join(chunk.text for chunk in chunks))


def _kept(background: Background, debate_id: UUID, call_id: UUID, text: str) -> Found | None:
    """Somebody else may have been faster, after a crash: then theirs counts."""
    row, _is_new = BackgroundCall.objects.get_or_create(
        debate_id=debate_id, kind=background.kind, speaker=background.speaker,
        step=background.step,
        defaults={"call_id": call_id, "text": text.replace("\0", ""), "created_at": clock.now()},
    )
    if not row.text:
        return None
    return Found(row.kind, row.speaker, row.step, row.text, row.call_id)
