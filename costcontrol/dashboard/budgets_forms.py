"""What somebody typed about a budget, and what of it is wrong. A form is shown again as it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.audited import dollars
from billing.models import Budget, ScopeKind
from billing.scopes import UnknownScope, scope_check, zone_check
from costcontrol.dashboard.budgets import ORDER
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.lib.money import to_usd

FIELDS = ("scope_kind", "scope_id", "period", "cap", "soft_percent", "zone")
MAX_TYPED = 128


@dataclass
class BudgetForm:
    """`said`: what is shown in the fields. `errors`: a sentence by field."""

    said: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    scope_id: str = ""
    cap_nanos: int = 0
    soft_percent: int = 80

    @property
    def kinds(self) -> tuple[Choice, ...]:
        return _choices([(kind, str(ScopeKind(kind).label)) for kind in ORDER],
                        self.said["scope_kind"])

    @property
    def periods(self) -> tuple[Choice, ...]:
        known = [(value, str(label)) for value, label in Budget.Period.choices]
        return _choices(known, self.said["period"])

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def values(self) -> dict[str, int | str]:
        return {
            "cap_nanos": self.cap_nanos, "soft_percent": self.soft_percent,
            "zone": self.said["zone"],
        }


def _choices(known: list[tuple[str, str]], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, value == chosen) for value, label in known)


def blank(query: Mapping[str, str]) -> BudgetForm:
    """Of a new budget; the address may say of what."""
    said = {name: query.get(name, "").replace("\x00", "")[:MAX_TYPED] for name in FIELDS}
    usual = {
        "scope_kind": str(ScopeKind.PLATFORM), "period": str(Budget.Period.DAY),
        "soft_percent": "80", "zone": settings.DEFAULT_ZONE,
    }
    return BudgetForm(said | {name: said[name] or value for name, value in usual.items()})


def of_budget(budget: Budget, name: str) -> BudgetForm:
    return BudgetForm({
        "scope_kind": budget.scope_kind, "scope_id": name, "period": budget.period,
        "cap": format(to_usd(budget.cap_nanos).normalize(), "f"),
        "soft_percent": str(budget.soft_percent), "zone": budget.zone,
    })


def checked(sent: Mapping[str, str], budget: Budget | None = None) -> BudgetForm:
    """Of a budget that exists, scope and period stay."""
    said = {name: sent.get(name, "").replace("\x00", "").strip()[:MAX_TYPED] for name in FIELDS}
    form = BudgetForm(said)
    if budget is None:
        _check_scope(form)
    else:
        said |= {"scope_kind": budget.scope_kind, "period": budget.period}
        form.scope_id = budget.scope_id
    _check_numbers(form)
    try:
        said["zone"] = zone_check(said["zone"] or settings.DEFAULT_ZONE)
    except UnknownScope as error:
        form.errors["zone"] = str(error)
    return form


def _check_scope(form: BudgetForm) -> None:
    if form.said["scope_kind"] not in ORDER:
        form.errors["scope_kind"] = _("Choose what the budget is of.")
        return
    if form.said["period"] not in Budget.Period.values:
        form.errors["period"] = _("Choose a period.")
    try:
        form.scope_id = scope_check(form.said["scope_kind"], form.said["scope_id"])
    except UnknownScope as error:
        form.errors["scope_id"] = str(error)


def _check_numbers(form: BudgetForm) -> None:
    try:
        form.cap_nanos = dollars(form.said["cap"])
    except ValidationError as error:
        form.errors["cap"] = error.messages[0]
    percent = form.said["soft_percent"] or "80"
    is_number = percent.isascii() and percent.isdecimal() and len(percent) <= 5
    if not (is_number and int(percent) <= 100):
        form.errors["soft_percent"] = _("Write a number from 0 to 100.")
        return
    form.soft_percent = int(percent)
