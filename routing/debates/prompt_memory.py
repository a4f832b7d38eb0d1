"""What providers remember of the prompts of one debate, by their published rules. Nobody is asked.

Anthropic finds a prefix at a mark or up to twenty blocks before it, for five minutes after its last
use. OpenAI from GPT-5.6 on finds it at a mark exactly, for half an hour; before, by itself, in
steps of 128 tokens, and writes it for nothing. See docs/prompts.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType

from routing.providers.prompt_cache import OPENAI_LEAST, anthropic_least, marked, takes_marks
from routing.types import DeploymentSpec, Message

KEPT_S: Mapping[str, int] = MappingProxyType({"anthropic": 300, "openai": 1_800})
LOOKBACK: Mapping[str, int] = MappingProxyType({"anthropic": 20, "openai": 1})  # blocks
STEP = 128  # tokens

Key = tuple[str, ...]  # the model, and all texts up to here


@dataclass(slots=True)
class Memory:
    until: dict[Key, int] = field(default_factory=dict)  # seconds from the debate's beginning

    def read_and_kept(
        self, messages: Sequence[Message], sizes: Sequence[int], *, at_s: int,
        deployment: DeploymentSpec,
    ) -> tuple[int, int]:
        """Of a prompt: tokens that are read, and up to which it is kept (0: nothing is written).

        Tokens as in `sizes`, which are ours; the least length is counted in the model's.
        """
        if deployment.provider not in KEPT_S:
            return 0, 0
        texts = [message.content for message in messages]
        keys = [(deployment.model, *texts[: end + 1]) for end in range(len(texts))]
        ends = list(accumulate(sizes))
        places = _places(messages, ends, deployment)
        found = self._found(keys, places, at_s=at_s, back=LOOKBACK[deployment.provider])
        for place in {*places, *found}:
            self.until[keys[place]] = at_s + KEPT_S[deployment.provider]
        read = ends[max(found)] if found else 0
        if _is_by_itself(deployment):
            return read // STEP * STEP, 0
        return read, max((ends[place] for place in places), default=0)

    def _found(
        self, keys: Sequence[Key], places: Sequence[int], *, at_s: int, back: int
    ) -> set[int]:
        """Where we look and something is known: the longest, which lives on by it."""
        looked = {place - n for place in places for n in range(back) if place >= n}
        known = [place for place in looked if self.until.get(keys[place], -1) >= at_s]
        return {max(known)} if known else set()


def _is_by_itself(deployment: DeploymentSpec) -> bool:
    return deployment.provider == "openai" and not takes_marks(deployment.model)


def _places(
    messages: Sequence[Message], ends: Sequence[int], deployment: DeploymentSpec
) -> list[int]:
    """The messages after which the provider keeps a prefix."""
    is_claude = deployment.provider == "anthropic"
    least = anthropic_least(deployment.model) if is_claude else OPENAI_LEAST
    wanted = (
        range(len(messages)) if _is_by_itself(deployment) else sorted(marked(messages, least=least))
    )
    return [place for place in wanted if ends[place] * deployment.token_factor >= least]
