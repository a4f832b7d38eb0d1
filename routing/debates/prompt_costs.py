"""What the prompts of a debate cost as input: with providers' prompt caches, and as they would cost
in another layout. Arithmetic on the real prompts of a sample debate; nobody is called.

Time is that of `prompt_marks.PACE_S`; tokens are ours times the deployment's factor, as for holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from billing.prices import PriceTable, cost
from billing.usage import Usage
from routing import tokens
from routing.debates.prompt_marks import PACE_S, USERS_PACE_S
from routing.debates.prompt_memory import Memory
from routing.debates.prompt_sample import Sample
from routing.debates.prompts import background_prompt, turn_prompt
from routing.debates.sizes import ENGLISH_SHARE
from routing.debates.types import Step
from routing.types import DeploymentSpec, Message

ROOM = 200_000  # tokens: everything fits
WINDOW = 3  # messages
# Input tokens of a Korean call where the person comes first and the last three messages are seen:
# the reference app's layout, as the workload model has it (2v2).
WINDOW_TOKENS: Mapping[str, int] = MappingProxyType({
    "moderator_intro": 520, "opening_statement": 1_400, "moderator_summary_1": 3_110,
    "attack_response": 1_100, "defense_response": 700, "followup_response": 800,
    "moderator_summary_2": 2_000, "conclusion": 1_490, "closing": 1_810,
    "stance_statements": 280, "context_summary": 955, "core_arguments": 480, "rag_query": 570,
    "quality_check": 1_000, "opening_analysis": 1_100, "tone_select": 640, "turn_analysis": 370,
})

Route = Callable[[str], DeploymentSpec]  # kind -> who answers


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the sample. `shared`: how many of its messages another call begins with too."""

    kind: str
    at_s: int
    messages: tuple[Message, ...]
    sizes: tuple[int, ...]  # tokens of each message, our count
    shared: int = 0
    lines: int = 0  # of the transcript, that stand in it

    @property
    def tokens(self) -> int:
        return sum(self.sizes)

    @property
    def shared_tokens(self) -> int:
        return sum(self.sizes[: self.shared])


@dataclass(frozen=True, slots=True)
class Sent:
    """A call on its deployment, with what the provider's cache makes of it."""

    call: Call
    deployment: DeploymentSpec
    usage: Usage
    nanos: int
    plain_nanos: int  # without a cache

    @property
    def saved(self) -> int:
        return self.plain_nanos - self.nanos


def turn_calls(sample: Sample, *, window: int | None = None) -> list[Call]:
    """The turns that a model speaks. `window`: see only so many messages, and keep nothing."""
    calls, at_s = [], 0
    for step in sample.steps:
        if not step.is_users:
            calls.append(_turn(sample, step, at_s=at_s, window=window))
        at_s += USERS_PACE_S if step.is_users else PACE_S[step.kind]
    return _with_shared(calls)


def job_calls(sample: Sample) -> list[Call]:
    """The calls behind the scenes."""
    calls = []
    for step in sample.steps:
        for background in (*step.before, *step.after):
            prompt = background_prompt(
                background, brief=sample.brief, transcript=sample.said[: step.index + 1],
                found=sample.found_before(step), room_tokens=ROOM,
            )
            calls.append(_call(background.kind, 0, prompt.messages))
    return _with_shared(calls)


def sent(calls: Sequence[Call], route: Route, prices: PriceTable) -> list[Sent]:
    """All calls in order, each against what the provider still remembers."""
    memory = Memory()
    return [_sent(call, route(call.kind), prices, memory) for call in calls]


def window_nanos(
    calls: Sequence[Call], route: Route, prices: PriceTable, *, language: str = "ko"
) -> int:
    """The same calls in the layout of the workload model: three messages, nothing kept."""
    share = ENGLISH_SHARE if language == "en" else 1.0
    counts = [(route(call.kind), int(WINDOW_TOKENS[call.kind] * share)) for call in calls]
    return sum(
        _nanos(Usage(fresh_input_tokens=_scaled(count, deployment)), deployment, prices)
        for deployment, count in counts
    )


def shared_percent(calls: Sequence[Call]) -> float:
    return 100 * sum(call.shared_tokens for call in calls) / sum(call.tokens for call in calls)


def _turn(sample: Sample, step: Step, *, at_s: int, window: int | None) -> Call:
    said = sample.before(step)
    prompt = turn_prompt(
        step, brief=sample.brief, transcript=said if window is None else said[-window:],
        found=sample.found_before(step), room_tokens=ROOM,
        steps_left=sample.steps[step.index + 1 :] if window is None else (),
    )
    messages = prompt.messages
    if window is not None:
        messages = tuple(Message(each.role, each.content) for each in messages)
    return _call(step.kind, at_s, messages)


def _call(kind: str, at_s: int, messages: tuple[Message, ...]) -> Call:
    sizes = tuple(tokens.count(message.content) for message in messages)
    lines = sum(message.content.startswith("<said") for message in messages)
    return Call(kind, at_s, messages, sizes, lines=lines)


def _with_shared(calls: Sequence[Call]) -> list[Call]:
    texts = [[message.content for message in call.messages] for call in calls]
    return [
        Call(call.kind, call.at_s, call.messages, call.sizes,
             max((_common(mine, other) for other in texts if other is not mine), default=0),
             call.lines)
        for call, mine in zip(calls, texts, strict=True)
    ]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _sent(
    call: Call, deployment: DeploymentSpec, prices: PriceTable, memory: Memory
) -> Sent:
    read, kept = memory.read_and_kept(
        call.messages, call.sizes, at_s=call.at_s, deployment=deployment
    )
    total = call.tokens
    usage = Usage(
        fresh_input_tokens=_scaled(total - max(read, kept), deployment),
        cache_read_tokens=_scaled(read, deployment),
        cache_write_tokens=_scaled(max(0, kept - read), deployment),
    )
    plain = Usage(fresh_input_tokens=_scaled(total, deployment))
    return Sent(call, deployment, usage, _nanos(usage, deployment, prices),
                _nanos(plain, deployment, prices))


def _scaled(count: int, deployment: DeploymentSpec) -> int:
    return tokens.scaled(count, deployment.token_factor)


def _nanos(usage: Usage, deployment: DeploymentSpec, prices: PriceTable) -> int:
    provider, model = deployment.price_key
    return cost(usage, prices.price(provider, model, input_tokens=usage.input_tokens))
