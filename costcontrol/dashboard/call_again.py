"""One call once more: as a command to copy, and by the rules of today without asking anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from billing.reports.call import CallReport
from costcontrol.dashboard.components import Cell, Column, Table, count, money, text
from costcontrol.dashboard.labels import label
from costcontrol.lib.curl import command
from costcontrol.lib.sentences import said
from routing.texts import Text
from routing.whatif.one_call import Again, Candidate, again

KEY = "YOUR_KEY"
NO_TEXT = ({"role": "user", "content": "..."},)  # what was asked is not shown without being audited


@dataclass(frozen=True, slots=True)
class TodayView:
    """`why_not`: why nobody would be asked."""

    version: int
    table: Table
    why_not: str


def curl(report: CallReport, *, url: str, text: Text | None) -> str:
    """The same request, with what was said in it if that is shown. It goes past no cache."""
    shown = [{"role": each.role, "content": each.content} for each in text.messages] if text else []
    body: dict[str, object] = {
        "model": report.requested_model or "auto", "messages": shown or list(NO_TEXT),
    }
    last = report.attempts[-1]
    if last.max_output_tokens:
        body["max_tokens"] = last.max_output_tokens
    if report.call_kind:
        body["call_kind"] = report.call_kind
    return command(url, body, bearer=KEY)


def today_view(call_id: UUID, *, at: datetime) -> TodayView:
    found = again(call_id, at=at)
    return TodayView(found.version, _table(found), said(found.why_not))


def _table(found: Again) -> Table:
    numbers = (_("Tokens in"), _("Tokens out"), _("Cost"))
    columns = (
        Column(_("Asked"), is_number=True), Column(_("Model")),
        *(Column(name, is_number=True) for name in numbers),
    )
    return Table(
        _("Who would be asked today, in this order"), columns, tuple(_rows(found.candidates)),
        is_caption_hidden=True,
    )


def _rows(candidates: Sequence[Candidate]) -> list[tuple[Cell, ...]]:
    return [
        (
            count(place),
            text(each.name, note=said(each.problem) or label(each.model_class)),
            count(each.usage.input_tokens if each.usage else None),
            count(each.usage.output_tokens if each.usage else None),
            money(each.cost_nanos),
        )
        for place, each in enumerate(candidates, 1)
    ]
