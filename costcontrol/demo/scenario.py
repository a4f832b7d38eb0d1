"""What a replay is made of: the days that it covers, and the calls that are asked in them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from costcontrol.demo.people import Person
from costcontrol.demo.workload import Topic
from routing.call_kinds import CALL_KINDS

ZONE = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class Scenario:
    """The days of a replay. Days are counted back from the last one, which ends at `now`."""

    now: datetime
    seed: str = "agora"
    days: int = 92
    debates_a_day: float = 7.0  # in the middle of the time
    outage_hours: tuple[int, int] = (13, 18)

    @property
    def launch(self) -> int:
        """Days ago: everybody came to look."""
        return round(self.days * 0.51)

    @property
    def outage(self) -> int:
        """Days ago: Anthropic was down for some hours."""
        return round(self.days * 0.25)

    @property
    def budget_hit(self) -> int:
        """Days ago: a customer's contest used up the platform's budget."""
        return round(self.days * 0.13)

    @property
    def last_day(self) -> date:
        return self.now.astimezone(ZONE).date()

    def day(self, ago: int) -> date:
        return self.last_day - timedelta(days=ago)

    @property
    def first_instant(self) -> datetime:
        return datetime.combine(self.day(self.days - 1), time(0), ZONE).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. Calls with the same `ref` are the same question; `copies` come at once."""

    ref: str
    at: datetime
    person: Person
    kind: str
    language: str
    topic: Topic
    speaker: str
    debate_id: str
    model: str
    input_tokens: int
    output_tokens: int
    prefix_tokens: int = 0
    fault: str = ""
    copies: int = 1

    @property
    def is_stream(self) -> bool:
        return CALL_KINDS[self.kind].is_streamed


Lane = tuple[Asked, ...]  # one after the other; lanes run beside each other
