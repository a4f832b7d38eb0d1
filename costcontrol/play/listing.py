"""A person's own debates, newest first, as lines of a list."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.types import Caller
from costcontrol.dashboard.components import Tone
from costcontrol.play import words
from costcontrol.play.transcript import OVER, Row
from routing.debates import shown
from routing.models import Debate

PAGE = 10


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    topic: str
    language: str
    people: str
    status: str
    tone: Tone
    progress: str
    at: datetime
    is_over: bool

    @property
    def action(self) -> str:
        return _("Read it") if self.is_over else _("Continue")


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    newer_url: str = ""
    older_url: str = ""


def page_of(caller: Caller, *, number: int) -> Page:
    """Of the caller's own. `number` counts from 1."""
    first = (number - 1) * PAGE
    rows = list(Debate.objects.filter(user_id=caller.user_id)[first : first + PAGE + 1])
    lines = shown.rows_json(rows[:PAGE], may_see_costs=False)
    return Page(
        tuple(line_of(row) for row in lines),
        newer_url=_address(number - 1) if number > 1 else "",
        older_url=_address(number + 1) if len(rows) > PAGE else "",
    )


def _address(number: int) -> str:
    return f"{reverse('play:start')}?page={number}#own-debates"


def line_of(row: Row) -> Line:
    status, tone = words.STATUSES.get(row["status"], (row["status"], Tone.OFF))
    return Line(
        id=row["id"], topic=row["topic"]["text"], language=row["topic"]["language"],
        people=_people(row), status=str(status), tone=tone, at=row["created_at"],
        progress=_("%(done)s of %(total)s turns")
        % {"done": row["steps_done"], "total": row["steps_total"]},
        is_over=row["status"] in OVER,
    )


def _people(row: Row) -> str:
    pro, con = (
        ", ".join(each["name"] for each in row["cast"][side]) for side in ("pro", "con")
    )
    return _("%(pro)s against %(con)s") % {"pro": pro, "con": con}
