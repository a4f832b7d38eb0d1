"""Every model: whether it can answer, what it costs and where that is from, how it did."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import ModelPrice
from billing.prices import Price, PriceTable
from billing.reports.deployments import Deployed
from billing.reports.kpis import share as share_of
from costcontrol import formats
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Figure,
    Kind,
    Table,
    Tone,
    badge,
    count,
    duration,
    link,
    money,
    share,
    text,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.health import Model
from costcontrol.lib.money import to_usd
from routing import health
from routing.models import Deployment
from routing.whatif.quality import LEAST, Rated, of_model

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

A_THOUSAND = 1_000
ADDRESS = re.compile(r",?\s*https?://\S+")  # of a page: too long for a table, and in the export


@dataclass(frozen=True, slots=True)
class ModelLine:
    """`price` None: it has none, so it is not asked."""

    row: Deployment
    state: Badge
    why: str
    price: Price | None
    source: ModelPrice | None
    did: Deployed
    rated: Rated

    @property
    def per_thousand(self) -> int | None:
        """Nanos for a thousand answers."""
        did = self.did
        return did.cost_nanos * A_THOUSAND // did.answered if did.answered else None


def lines(
    rows: Sequence[Deployment], *, seen: Mapping[str, Model], prices: PriceTable,
    did: Mapping[str, Deployed], ratings: Mapping[str, tuple[int, int]], zone: str,
) -> list[ModelLine]:
    """`seen`: models in use, as this process knows them."""
    found = {row.pk: prices.tiers(row.price_provider or row.provider, row.model) for row in rows}
    sources = ModelPrice.objects.in_bulk([tiers[-1].id for tiers in found.values() if tiers])
    result = []
    for row in rows:
        price = found[row.pk][-1] if found[row.pk] else None
        state, why = _state(row, seen.get(row.name), has_price=price is not None, zone=zone)
        result.append(ModelLine(
            row, state, why, price, sources.get(price.id) if price else None,
            did.get(row.name, Deployed(row.name)), of_model(*ratings.get(row.name, (0, 0))),
        ))
    return result


def _state(
    row: Deployment, seen: Model | None, *, has_price: bool, zone: str
) -> tuple[Badge, str]:
    if not has_price:
        return Badge(_("no price"), Tone.BAD), _("It is not called until it has one.")
    if not row.is_enabled:
        return Badge(_("disabled"), Tone.OFF), _("by staff")
    if seen is None:
        return Badge(_("not loaded yet"), Tone.OFF), ""
    if seen.no_key:
        return Badge(_("off"), Tone.OFF), seen.no_key
    if seen.is_paused:
        return Badge(_("paused"), Tone.BAD), _since(row.name, seen, zone)
    if seen.problem:
        return Badge(_("not ready"), Tone.WARN), seen.problem
    return Badge(_("ready"), Tone.OK), ""


def _since(name: str, seen: Model, zone: str) -> str:
    since = health.breaker(name).since
    if since is None:
        return seen.problem
    return _("circuit open since %(time)s: %(why)s") % {
        "time": f"{since.astimezone(ZoneInfo(zone)):%H:%M:%S %Z}", "why": seen.problem
    }


def models_table(found: Sequence[ModelLine]) -> Table:
    names = (_("Calls"), _("Spent"), _("For 1,000 calls"), _("Half within"), _("95% within"),
             _("Failed attempts"), _("Good ratings"))
    columns = (
        Column(_("Model")), Column(_("State")), Column(_("Price, input / output")),
        *(Column(name, is_number=True) for name in names),
    )
    return Table(
        _("Models and what they did"), columns, tuple(map(_row, found)), is_caption_hidden=True,
        empty_text=_("No model is set up. Add a deployment in the admin."),
    )


def _row(line: ModelLine) -> tuple[Cell, ...]:
    did, there = line.did, reverse("dashboard:routes_model", args=[line.row.pk])
    return (
        link(line.row.name, there, note=str(Deployment.ModelClass(line.row.model_class).label)),
        badge(line.state.text, line.state.tone, note=line.why),
        price_cell(line),
        count(did.answered), money(did.cost_nanos, places=4),
        money(line.per_thousand, places=4), duration(did.p50), duration(did.p95),
        share(share_of(did.failed, did.attempts),
              note=_("%(n)s of %(all)s") % {
                  "n": formats.count(did.failed), "all": formats.count(did.attempts)
              } if did.failed else ""),
        rated_cell(line.rated),
    )


def price_cell(line: ModelLine) -> Cell:
    """US$ for a million tokens, and where that is from."""
    if line.price is None:
        return badge(_("no price"), Tone.BAD)
    source = line.source
    note = _("%(source)s, %(day)s") % {
        "source": ADDRESS.sub("", source.source), "day": source.source_date.isoformat()
    } if source else ""
    price = line.price
    return text(
        f"${price.fresh_input.normalize():f} / ${price.output.normalize():f}", note=note
    )


def rated_cell(rated: Rated) -> Cell:
    if rated.good is None:
        return Cell(Kind.BADGE, Badge(_("not measured")), note=_ratings(rated.ratings))
    return share(round(rated.good * 10_000), note=_ratings(rated.ratings))


def _ratings(number: int) -> str:
    return _("ratings: %(n)s") % {"n": formats.count(number)} if number else ""


def scatter(found: Sequence[ModelLine]) -> Figure:
    """Cost beside quality. Models whose quality nobody measured have no point, and the axis says
    how many there are."""
    measured = [line for line in found if line.rated.good is not None and line.per_thousand]
    return Figure(
        id="quality", title=_("Cost beside quality"),
        note=_("Quality is the share of good ratings that users gave to stored answers of a model, "
               "from %(least)s ratings on. The lines show where it is with 95%% certainty.")
        % {"least": LEAST},
        table=models_table(found), is_empty=not measured, height="large",
        json=_scatter(measured, len(found)).to_json() if measured else "",
        empty_text=_("Quality is not measured yet: no model has %(least)s ratings and a cost in "
                     "these days. Costs stand in the table of the models.") % {"least": LEAST},
    )


def _scatter(measured: Sequence[ModelLine], number: int) -> "PlotlyFigure":
    from plotly.graph_objects import Figure as PlotlyFigure

    good = [100 * (line.rated.good or 0) for line in measured]
    trace = {
        "type": "scatter", "mode": "markers", "name": _("Models"), "meta": {"color": "calls"},
        "x": [float(to_usd(line.per_thousand or 0)) for line in measured], "y": good,
        "text": [line.row.name for line in measured], "marker": {"size": 12},
        "error_y": {
            "type": "data", "symmetric": False,
            "array": [100 * (line.rated.high or 0) - y
                      for line, y in zip(measured, good, strict=True)],
            "arrayminus": [y - 100 * (line.rated.low or 0)
                           for line, y in zip(measured, good, strict=True)],
        },
        "hovertemplate": "%{text}<br>$%{x:.4f} · %{y:.1f}%<extra></extra>",
    }
    title = _("Good ratings (%(measured)s of %(all)s models are measured)") % {
        "measured": len(measured), "all": number
    }
    return PlotlyFigure(data=[trace], layout={
        "template": "none", "hovermode": "closest", "showlegend": False,
        "xaxis": {"title": {"text": _("US$ for 1,000 calls")}, "rangemode": "tozero",
                  "tickprefix": "$"},
        "yaxis": {"title": {"text": title}, "ticksuffix": "%"},
    })


def csv_rows(found: Sequence[ModelLine]) -> Iterator[Row]:
    yield ["model", "class", "state", "is_enabled", "input_usd", "output_usd", "price_source",
           "price_source_date", "calls", "attempts", "failed_attempts", "cost_nanos", "cost_usd",
           "p50_ms", "p95_ms", "ratings", "good_share"]
    for line in found:
        did, price, source = line.did, line.price, line.source
        yield [
            line.row.name, line.row.model_class, line.state.text, str(line.row.is_enabled).lower(),
            price.fresh_input if price else None, price.output if price else None,
            source.source if source else None,
            source.source_date.isoformat() if source else None,
            did.answered, did.attempts, did.failed, did.cost_nanos, to_usd(did.cost_nanos),
            did.p50, did.p95, line.rated.ratings,
            None if line.rated.good is None else f"{line.rated.good:.4f}",
        ]


def unpriced(found: Sequence[ModelLine]) -> list[str]:
    return [line.row.name for line in found if line.price is None]


