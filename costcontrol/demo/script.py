"""Who asks what and when, in three months of a made-up debate platform.

Everything follows from the seed and the days, so the same scenario is always the same calls. What
becomes of a call is not decided here: that is up to the gateway.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from costcontrol.demo.people import Person, everybody
from costcontrol.demo.scenario import ZONE, Asked, Lane, Scenario
from costcontrol.demo.workload import Step, Topic, workload
from routing.call_kinds import CALL_KINDS

WEEKDAYS = (1.0, 1.02, 1.06, 1.04, 0.92, 0.7, 0.82)  # Monday first
HOURS = (
    2, 1, 0.6, 0.4, 0.3, 0.4, 0.8, 1.6, 3, 4, 4.4, 4.8, 5.4, 4.6, 4.2, 4.4, 4.8, 5, 5.2, 6, 7.4,
    8, 7, 4.4,
)  # fmt: skip
MODES = {  # how the users of a tier debate
    "free": {"1v1_watch": 5, "1v1_participate": 4, "2v2_watch": 1},
    "premium": {"1v1_watch": 3, "1v1_participate": 4, "2v2_watch": 2, "2v2_participate": 2},
    "enterprise": {"1v1_watch": 2, "1v1_participate": 3, "2v2_watch": 2, "2v2_participate": 2},
}
NAMED = {"complex": "anthropic/claude-opus-5-5", "medium": "openai/gpt-6.1-terra"}
FAULTS = (  # share of calls, and what happens to them; see faults.py
    (0.0040, "529"), (0.0020, "500"), (0.0020, "429"), (0.0006, "504"), (0.0010, "cut"),
    (0.0040, "slow"), (0.0012, "529 529"), (0.0005, "lost"), (0.0020, "leaves"),
)  # fmt: skip
DOWN = "down:anthropic"
CONTEST = 8.0  # times as many debates of the customer who holds it
GIVES_UP = 0.35  # of debates, somewhere in the middle
DOUBLE_CLICKS, RELOADS, PAGE_RELOADS = 0.012, 0.09, 0.0035  # of calls that are streamed, of all
GREEDY, ABOVE_THE_PLAN = 0.25, 0.3  # of days, on which somebody wants more than the plan has
SINGLE_CALLS = 0.9  # outside debates, for each debate
PREFIX_FROM, PREFIX_SHARE, PREFIX_STEP = 1024, 0.55, 128  # of OpenAI's prompt cache


def days(scenario: Scenario) -> Iterator[tuple[date, list[Lane]]]:
    for ago in reversed(range(scenario.days)):
        yield scenario.day(ago), _Day(scenario, ago).lanes()


class _Day:
    """One day, with a random source of its own: no day depends on another."""

    def __init__(self, scenario: Scenario, ago: int) -> None:
        self.scenario, self.ago, self.date = scenario, ago, scenario.day(ago)
        self.random = random.Random(f"{scenario.seed} {ago} days ago")
        self.progress = 1 - ago / max(1, scenario.days - 1)
        self.people = [it for it in everybody() if it.joins <= self.progress < it.leaves]
        self.weights = [self._weight(each) for each in self.people]

    def lanes(self) -> list[Lane]:
        debates = self._debates()
        lanes = [self._debate(number) for number in range(debates)]
        singles = round(debates * SINGLE_CALLS)
        lanes += [self._single(number) for number in range(singles)]
        if self.random.random() < GREEDY:
            lanes.append(self._greedy())
        if self.random.random() < ABOVE_THE_PLAN:
            lanes.append(self._above_the_plan())
        if self.ago == self.scenario.outage:
            lanes.append(self._in_the_outage())
        return [kept for lane in lanes if (kept := self._until_now(lane))]

    def _debates(self) -> int:
        growth = 0.45 + 1.1 * self.progress
        special = {self.scenario.launch: 2.4, self.scenario.budget_hit: 2.2}.get(self.ago, 1.0)
        noise = self.random.uniform(0.88, 1.12)
        usual = self.scenario.debates_a_day * growth * WEEKDAYS[self.date.weekday()]
        return max(1, round(usual * special * noise))

    def _until_now(self, lane: Lane) -> Lane:
        return tuple(call for call in lane if call.at < self.scenario.now)

    def _instant(self) -> datetime:
        hour = self.random.choices(range(24), HOURS)[0]
        start = time(hour, self.random.randrange(60), self.random.randrange(60))
        return datetime.combine(self.date, start, ZONE).astimezone(UTC)

    def _somebody(self) -> Person:
        return self.random.choices(self.people, self.weights)[0]

    def _weight(self, person: Person) -> float:
        is_contest = self.ago == self.scenario.budget_hit and person.names_models
        return person.weight * (CONTEST if is_contest else 1.0)

    def _language(self, person: Person) -> str:
        other = {"ko": "en", "en": "ko"}[person.language]
        return other if self.random.random() < 0.08 else person.language

    def _topic(self) -> Topic:
        topics = workload().topics
        return self.random.choices(topics, [topic.weight for topic in topics])[0]

    def _ref(self, group: str, number: int) -> str:
        return f"{self.date:%m%d}-{group}{number}"

    def _debate(self, number: int) -> Lane:
        person = self._somebody()
        modes = MODES[person.tier]
        mode = self.random.choices(list(modes), list(modes.values()))[0]
        return self._played(person, self._ref("d", number), mode, self._instant())

    def _played(self, person: Person, ref: str, mode: str, start: datetime) -> Lane:
        steps = workload().profiles[mode]
        if self.random.random() < GIVES_UP:
            steps = steps[: round(len(steps) * self.random.uniform(0.2, 0.9))]
        topic, language = self._topic(), self._language(person)
        calls: list[Asked] = []
        at = start
        for place, step in enumerate(steps):
            debate = f"{ref}-{mode.replace('_', '-')}"
            call = self._asked(person, f"{ref}-{place}", at, step, topic, language, debate)
            calls.append(call)
            at = self._after(at, call)
            if again := self._again(calls, at):
                calls += again
                at = self._after(again[-1].at, again[-1])
        return tuple(calls)

    def _asked(
        self, person: Person, ref: str, at: datetime, step: Step, topic: Topic, language: str,
        debate_id: str,
    ) -> Asked:
        jitter = self.random.uniform
        incoming = workload().tokens(step.input_tokens, language=language) * jitter(0.9, 1.12)
        outgoing = workload().tokens(step.output_tokens, language=language) * jitter(0.75, 1.2)
        kind = CALL_KINDS[step.kind]
        return Asked(
            ref=ref, at=at, person=person, kind=step.kind, language=language, topic=topic,
            speaker=workload().speaker(topic, step.speaker, language=language),
            debate_id=debate_id,
            model=NAMED.get(kind.complexity, "auto") if person.names_models else "auto",
            input_tokens=round(incoming), output_tokens=max(8, round(outgoing)),
            prefix_tokens=_prefix(round(incoming)) if self.random.random() < 0.8 else 0,
            fault=self._fault(at, is_streamed=kind.is_streamed),
            copies=2 if kind.is_streamed and self.random.random() < DOUBLE_CLICKS else 1,
        )

    def _fault(self, at: datetime, *, is_streamed: bool) -> str:
        begin, end = self.scenario.outage_hours
        if self.ago == self.scenario.outage and begin <= at.astimezone(ZONE).hour < end:
            return DOWN
        point = self.random.random()
        for share, fault in FAULTS:
            if point < share:
                return fault if is_streamed or fault not in ("cut", "leaves") else ""
            point -= share
        return ""

    def _after(self, at: datetime, call: Asked) -> datetime:
        """When the next call of a debate comes: the answer was written, and perhaps read."""
        seconds = 2.5 + call.output_tokens / 55
        if call.is_stream:
            seconds += self.random.uniform(3, 14)
        return at + timedelta(seconds=round(seconds, 2))

    def _again(self, calls: list[Asked], at: datetime) -> list[Asked]:
        """Somebody asks once more: after a failure, by a reload of the turn or of the page."""
        last = calls[-1]
        point = self.random.random()
        if last.fault in ("cut", "leaves") or (last.is_stream and point < RELOADS):
            return [_repeated(last, at)]
        if point > 1 - PAGE_RELOADS and len(calls) > 4:
            page = list({call.ref: call for call in calls if not call.fault}.values())
            return [_repeated(c, at + timedelta(seconds=3 * n)) for n, c in enumerate(page)]
        return []

    def _single(self, number: int) -> Lane:
        """A call outside debates: a philosopher's card, a summary, stances of a topic."""
        kind, tokens_in, tokens_out = self.random.choice(
            [("character_card", 900, 600), ("context_summary", 955, 200),
             ("stance_statements", 280, 150)]
        )
        step = Step(kind, "", "pro1", tokens_in, tokens_out, 0)
        person = self._somebody()
        call = self._asked(
            person, self._ref("s", number), self._instant(), step, self._topic(),
            self._language(person), "",
        )
        return (call,)

    def _greedy(self) -> Lane:
        """A free user who opens more debates in a day than the plan has."""
        free = [each for each in self.people if each.tier == "free"]
        person, at = self.random.choice(free), self._instant()
        calls: list[Asked] = []
        for number in range(self.random.randint(6, 9)):
            lane = self._played(person, self._ref("g", number), "1v1_watch", at)[:2]
            calls += lane
            at = lane[-1].at + timedelta(seconds=40)
        return tuple(calls)

    def _in_the_outage(self) -> Lane:
        """A member begins a debate in the middle of it."""
        member = next(each for each in self.people if each.tier == "premium")
        start = time(self.scenario.outage_hours[0], 20)
        at = datetime.combine(self.date, start, ZONE).astimezone(UTC)
        return self._played(member, self._ref("o", 0), "2v2_watch", at)

    def _above_the_plan(self) -> Lane:
        """A free user's client asks for a class of models that the plan does not have."""
        free = [each for each in self.people if each.tier == "free"]
        person, step = self.random.choice(free), Step("opening_statement", "", "pro1", 900, 500, 0)
        call = self._asked(
            person, self._ref("p", 0), self._instant(), step, self._topic(), person.language, ""
        )
        return (replace(call, model="premium", fault=""),)


def _repeated(call: Asked, at: datetime) -> Asked:
    return replace(call, at=at, copies=1)


def _prefix(input_tokens: int) -> int:
    """What OpenAI's prompt cache would have of a prompt: nothing of a short one."""
    if input_tokens < PREFIX_FROM:
        return 0
    return round(input_tokens * PREFIX_SHARE) // PREFIX_STEP * PREFIX_STEP
