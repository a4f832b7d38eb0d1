"""Users by what they cost: plan, quota, spend, what they pay, and who is unusual."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.types import plan_of
from billing.models import Metric
from billing.payments.mismatch import mismatches
from billing.reports.facts import FilterChoices
from billing.reports.slices import Ask
from billing.reports.usage import Limit
from billing.reports.users import (
    PAGE,
    Ranking,
    UserFacts,
    UserSpend,
    earned_of,
    facts_of,
    ranking,
)
from costcontrol import formats
from costcontrol.dashboard import filters, users_cards
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Kind,
    Table,
    Tone,
    count,
    link,
    money,
    text,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.filter_bar import FilterBar, filter_bar
from costcontrol.dashboard.filter_values import choices_now
from costcontrol.lib.money import to_usd
from costcontrol.lib.sentences import said

APPLIES = frozenset({"tier", "language", "user"})
PLACE = re.compile(r"(\d{1,19})-(\d{1,18})", re.ASCII)
HEADER = (
    "user_id", "user", "plan", "calls", "cost_nanos", "cost_usd", "saved_nanos", "earned_nanos",
    "earned_usd", "margin_nanos", "margin_usd",
)
MAX_ROWS = 50_000
ROWS_AT_ONCE = 1_000
PLACES = 4


@dataclass(frozen=True, slots=True)
class UsersState:
    """`after`: the place on the ranking after which the page begins."""

    shared: filters.State
    choices: FilterChoices
    after: tuple[int, int] | None
    notes: tuple[str, ...]

    @property
    def ask(self) -> Ask:
        question = self.shared.question
        return Ask(question.range, question.now, self.shared.slices)


@dataclass(frozen=True, slots=True)
class UsersPage:
    bar: FilterBar
    table: Table
    total: str
    first_url: str
    more_url: str
    csv_url: str
    reset_url: str
    stale: str
    shortened: str
    one_url: str  # of the user who was asked for and has no calls
    unusual: Table | None
    plans: Table


def state_of(query: Mapping[str, str], *, now: datetime) -> UsersState:
    choices = choices_now()
    shared = filters.state_of(query, choices=choices, now=now, applies=APPLIES)
    notes = [*shared.notes]
    return UsersState(shared, choices, _place(query.get("after", ""), notes), tuple(notes))


def users_page(state: UsersState, *, today: str) -> UsersPage:
    found = ranking(state.ask)
    here = reverse("dashboard:users")
    rows = found.after(state.after)
    shown = rows[:PAGE]
    facts = facts_of(
        [row.user_id for row in shown], days=state.shared.range, now=state.shared.question.now
    )
    more = ""
    if len(rows) > PAGE:
        cost, user_id = shown[-1].place
        more = _address(here, state.shared.query_with({"after": f"{-cost}-{user_id}"}, {}))
    one = state.shared.user_id if not shown else None
    return UsersPage(
        bar=filter_bar(state.shared, state.choices, today=today),
        table=_table(shown, facts, state), total=_total(found),
        first_url=_address(here, state.shared.as_query()) if state.after else "", more_url=more,
        csv_url=_address(reverse("dashboard:users_csv"), state.shared.as_query()),
        reset_url=_address(here, state.shared.as_query(**state.shared.without_filters())),
        stale=stale(found), shortened=shortened(found),
        one_url=user_url(one, state.shared) if one is not None else "",
        unusual=users_cards.unusual_table(state.shared),
        plans=users_cards.plans_table(state.shared),
    )


def user_url(user_id: int, shared: filters.State) -> str:
    query = shared.as_query(**shared.without_filters())
    return _address(reverse("dashboard:user", args=[user_id]), query)


def _total(found: Ranking) -> str:
    return ngettext(
        "%(users)s user spent %(cost)s.", "%(users)s users spent %(cost)s.", len(found.users)
    ) % {"users": formats.count(len(found.users)), "cost": formats.money(found.cost_nanos)}


def stale(found: Ranking) -> str:
    missing = found.slices.missing_hours
    if not missing:
        return ""
    return ngettext(
        "%(n)s hour is not added up yet.", "%(n)s hours are not added up yet.", missing
    ) % {"n": formats.count(missing)}


def shortened(found: Ranking) -> str:
    days = found.slices.shortened
    if days is None:
        return ""
    return _("That would be too much to read at once, so these are the days from %(first)s to "
             "%(last)s.") % {"first": days.first.isoformat(), "last": days.last.isoformat()}


def _table(
    rows: tuple[UserSpend, ...], facts: Mapping[int, UserFacts], state: UsersState
) -> Table:
    names = (_("Plan"), _("State"), _("Debates today"), _("Calls today"))
    numbers = (_("Spent"), _("Brings in"), _("Margin"), _("Calls"))
    columns = (
        Column(_("User")), *(Column(name, is_number=True) for name in numbers),
        *(Column(name) for name in names),
    )
    people = [each.user for each in facts.values() if each.user]
    wrong = mismatches(people, now=state.shared.question.now)
    lines = tuple(
        _row(row, facts.get(row.user_id, UserFacts()), state, wrong.get(row.user_id, ()))
        for row in rows
    )
    return Table(_("Users, the dearest first"), columns, lines, is_caption_hidden=True)


def _row(
    row: UserSpend, facts: UserFacts, state: UsersState, wrong: tuple[str, ...]
) -> tuple[Cell, ...]:
    name = str(facts.user) if facts.user else _("user %(number)d") % {"number": row.user_id}
    who = link(name, user_url(row.user_id, state.shared)) if facts.user else text(
        name, note=_("the account is gone")
    )
    margin = None if facts.earned_nanos is None else facts.earned_nanos - row.cost_nanos
    return (
        who, money(row.cost_nanos, places=PLACES), money(facts.earned_nanos, places=2),
        money(margin, places=2), count(row.calls), text(facts.plan or None),
        _state(facts, wrong), used_cell(facts.limit(Metric.DEBATES)),
        used_cell(facts.limit(Metric.REQUESTS)),
    )


def _state(facts: UserFacts, wrong: tuple[str, ...]) -> Cell:
    badge, note = badge_of(facts, is_wrong=bool(wrong)), " ".join(map(said, wrong))
    return Cell(Kind.BADGE, badge, note=note) if badge else text("")


def used_cell(limit: Limit | None) -> Cell:
    """A text, for it is two numbers; a plan without a limit has none."""
    if limit is None:
        return text(_("no limit"))
    return text(
        _("%(used)s of %(limit)s") % {
            "used": formats.count(limit.used + limit.held), "limit": formats.count(limit.limit),
        }
    )


def badge_of(facts: UserFacts, *, is_wrong: bool = False) -> Badge | None:
    """The one that matters most. `is_wrong`: the plan is not what Stripe said."""
    if facts.user and not facts.user.is_active:
        return Badge(_("not active"), Tone.OFF)
    if facts.throttle and not facts.throttle.requests_per_minute:
        return Badge(_("suspended"), Tone.BAD)
    if facts.throttle:
        return Badge(_("slowed down"), Tone.WARN)
    if is_wrong:
        return Badge(_("differs from Stripe"), Tone.WARN)
    if facts.recent.is_outlier:
        return Badge(_("unusual"), Tone.WARN)
    return None


def csv_rows(state: UsersState) -> Iterator[Row]:
    yield HEADER
    rows = ranking(state.ask).users[:MAX_ROWS]
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[begin:begin + ROWS_AT_ONCE]
        ids = [row.user_id for row in part]
        people = User.objects.select_related("tier", "member__organisation__tier").in_bulk(ids)
        earned = earned_of(people, days=state.shared.range, now=state.shared.question.now)
        for row in part:
            yield _csv_row(row, people.get(row.user_id), earned.get(row.user_id))


def _csv_row(row: UserSpend, user: User | None, earned: int | None) -> Row:
    margin = None if earned is None else earned - row.cost_nanos
    return (
        row.user_id, str(user) if user else "", plan_of(user).pk if user else "", row.calls,
        row.cost_nanos, to_usd(row.cost_nanos), row.saved_nanos, *_both(earned), *_both(margin),
    )


def _both(nanos: int | None) -> tuple[int | None, Decimal | None]:
    return nanos, None if nanos is None else to_usd(nanos)


def _place(asked: str, notes: list[str]) -> tuple[int, int] | None:
    if not asked:
        return None
    place = PLACE.fullmatch(asked)
    if place is None:
        notes.append(_("This place in the list is not known, so it begins with the dearest."))
        return None
    return -int(place[1]), int(place[2])


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
