"""The assumptions of the page about hardware of one's own: from the address, else measured, else
a plain guess; each with its source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.roi import Assumptions
from billing.reports.roi_measured import FIRST_TO_GO, Measured
from costcontrol import formats
from costcontrol.dashboard.filters import shown
from costcontrol.lib.money import NANOS_PER_USD, to_usd


@dataclass(frozen=True, slots=True)
class Input:
    """One assumption. `usual`: where nothing is measured and nobody says otherwise."""

    name: str
    label: str | Promise
    usual: Decimal
    least: Decimal
    most: Decimal
    step: str
    guess: str | Promise  # where the usual value comes from


@dataclass(frozen=True, slots=True)
class Given:
    """One assumption as it is used, for the form and the list of sources."""

    input: Input
    value: Decimal
    source: str
    is_asked: bool

    @property
    def text(self) -> str:
        return f"{self.value.normalize():f}"


@dataclass(frozen=True, slots=True)
class RoiState:
    given: tuple[Given, ...]
    assumptions: Assumptions
    notes: tuple[str, ...]

    @property
    def query(self) -> str:
        return urlencode({each.input.name: each.text for each in self.given if each.is_asked})


D = Decimal
INPUTS = (
    Input("hardware", gettext_lazy("Price of the machine, $"), D(2500), D(0), D(10_000_000), "1",
          gettext_lazy("a guess: a workstation with a graphics card of 24 GB; put in your offer")),
    Input("watts", gettext_lazy("Power at work, W"), D(400), D(1), D(1_000_000), "1",
          gettext_lazy("a guess: one such card under load, and the rest of the machine")),
    Input("idle", gettext_lazy("Power when idle, W"), D(70), D(0), D(1_000_000), "1",
          gettext_lazy("a guess: it stays on all month")),
    Input("kwh", gettext_lazy("Price of a kWh, $"), D("0.15"), D(0), D(100), "0.001",
          gettext_lazy("a guess; it stands on your electricity bill")),
    Input("lifetime", gettext_lazy("Lifetime, months"), D(36), D(1), D(240), "1",
          gettext_lazy("a guess: three years, then it is worth nothing")),
    Input("utilisation", gettext_lazy("Busy at most, % of the time"), D(50), D(1), D(100), "1",
          gettext_lazy("a guess: people sleep, and nobody should wait in the evening")),
    Input("speed", gettext_lazy("Tokens a second"), D(40), D("0.1"), D(1_000_000), "0.1",
          gettext_lazy("a guess: no local model has answered in 30 days")),
    Input("share", gettext_lazy("Traffic that may go local, %"), D(50), D(0), D(100), "1",
          gettext_lazy("a guess: nothing is measured yet")),
    Input("debates", gettext_lazy("Debates a month"), D(1000), D(0), D(100_000_000), "1",
          gettext_lazy("a guess: there was no debate in 30 days")),
    Input("tokens", gettext_lazy("Output tokens a debate"), D(7000), D(0), D(10_000_000), "1",
          gettext_lazy("a guess: nothing is measured yet")),
    Input("cloud", gettext_lazy("Cloud, $ for 1M output tokens"), D(5), D(0), D(100_000), "0.01",
          gettext_lazy("a guess: no cloud model has answered in 30 days")),
)


def state_of(query: Mapping[str, str], known: Measured) -> RoiState:
    """Never fails: what cannot be used is replaced, and a note says so."""
    notes: list[str] = []
    given = tuple(_given(each, query, known, notes) for each in INPUTS)
    values = {each.input.name: each.value for each in given}
    if values["idle"] > values["watts"]:
        notes.append(_("A machine takes no less at work than when idle, so both are the same."))
        values["idle"] = values["watts"]
    return RoiState(given, assumptions_of(values), tuple(notes))


def assumptions_of(values: Mapping[str, Decimal]) -> Assumptions:
    def nanos(name: str) -> int:
        return int(values[name] * NANOS_PER_USD)

    return Assumptions(
        hardware_nanos=nanos("hardware"), watts=int(values["watts"]),
        idle_watts=int(values["idle"]), kwh_nanos=nanos("kwh"),
        lifetime_months=int(values["lifetime"]), utilisation_bp=int(values["utilisation"] * 100),
        tokens_per_second=Fraction(values["speed"]), local_share_bp=int(values["share"] * 100),
        debates_a_month=int(values["debates"]), tokens_a_debate=int(values["tokens"]),
        cloud_nanos=nanos("cloud"),
    )


def _given(
    each: Input, query: Mapping[str, str], known: Measured, notes: list[str]
) -> Given:
    found = MEASURED[each.name](known) if each.name in MEASURED else None
    value, source = found or (each.usual, str(each.guess))
    asked = _number(each, query.get(each.name, ""), notes)
    if asked is None or asked == value:  # a form sends what it showed
        return Given(each, value, source, is_asked=False)
    return Given(each, asked, _("as you put it in"), is_asked=True)


def _number(each: Input, said: str, notes: list[str]) -> Decimal | None:
    text = said.strip().replace(",", "")
    if not text:
        return None
    words = {
        "name": each.label, "said": shown(text), "least": f"{each.least:f}",
        "most": f"{each.most:,f}",
    }
    try:
        number = Decimal(text)
        if not number.is_finite() or not each.least <= number <= each.most:
            raise ValueError
    except (InvalidOperation, ValueError):
        notes.append(
            _("“%(name)s” is a number from %(least)s to %(most)s, not “%(said)s”, so it is left "
              "as it was.") % words
        )
        return None
    whole = each.step == "1"
    return number.quantize(D(1)) if whole else number.quantize(D("0.000001")).normalize()


Found = tuple[Decimal, str] | None


def _speed(known: Measured) -> Found:
    if known.speed is None:
        return None
    value = D(round(float(known.speed.tokens_per_second), 1)).quantize(D("0.1"))
    return max(D("0.1"), value), _(
        "measured: %(calls)s calls of local models in the day up to %(day)s, one after the other"
    ) % {"calls": formats.count(known.speed.calls), "day": f"{known.speed.until:%Y-%m-%d}"}


def _share(known: Measured) -> Found:
    if known.local_share_bp is None:
        return None
    return (D(known.local_share_bp) / 100).quantize(D(1)), _(
        "measured: output tokens that local and economy models wrote in 30 days, of all"
    )


def _debates(known: Measured) -> Found:
    if known.debates is None:
        return None
    return D(known.debates), _("measured: debates that had a call in the last 30 days")


def _tokens(known: Measured) -> Found:
    if known.tokens_a_debate is None:
        return None
    return D(known.tokens_a_debate), _(
        "measured: all output tokens of models in 30 days, by the debates"
    )


def _cloud(known: Measured) -> Found:
    if known.cloud_nanos is None:
        return None
    source = (
        _("measured: what economy models cost in 30 days, their input too, by their output")
        if known.cloud_class == FIRST_TO_GO else
        _("measured: what all cloud models cost in 30 days, their input too, by their output")
    )
    return to_usd(known.cloud_nanos).quantize(D("0.0001")), source


MEASURED: Mapping[str, Callable[[Measured], Found]] = {
    "speed": _speed, "share": _share, "debates": _debates, "tokens": _tokens, "cloud": _cloud,
}
