"""The product's addresses and the sampler's."""

import json
from datetime import UTC, datetime
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from costcontrol.dashboard.components import (
    BudgetBar,
    Change,
    Column,
    Figure,
    KpiCard,
    Step,
    Table,
    Task,
    Tone,
    Waterfall,
    badge,
    count,
    duration,
    link,
    money,
    share,
    text,
    when,
)
from costcontrol.urls import urlpatterns as product

PAGE = Path(__file__).with_name("page.html")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAYS = [f"2026-11-{day:02}" for day in range(1, 26)]
USD = 1_000_000_000


def trace(kind: str, name: str, values: list[float], color: str | None = None) -> dict[str, object]:
    return {"type": kind, "name": name, "x": DAYS, "y": values, "meta": {"color": color or name}}


def figure(key: str, title: str, traces: list[dict[str, object]]) -> Figure:
    layout = {"barmode": "relative", "yaxis": {"tickprefix": "$"}}
    columns = (Column("day"), *(Column(str(trace["name"]), is_number=True) for trace in traces))
    rows = [
        (text(day), *(money(int(trace["y"][place] * USD)) for trace in traces))
        for place, day in enumerate(DAYS)
    ]
    return Figure(
        id=key, title=title, note="By class of model, in days of Asia/Seoul.", csv_url="/x.csv",
        json=json.dumps({"data": traces, "layout": layout}),
        table=Table(title, columns, tuple(rows)),
    )


def wave(height: float, every: int) -> list[float]:
    return [round(height * (1 + (day * every) % 7 / 7), 2) for day in range(len(DAYS))]


def context() -> dict[str, object]:
    classes = ["local", "economy", "mid", "premium"]
    spend = [trace("bar", name, wave(2 + place, 2 + place)) for place, name in enumerate(classes)]
    causes = ["exact", "shared", "prompt_cache", "route", "failed"]
    saved = [trace("bar", name, wave(-1 if name == "failed" else 3, 3)) for name in causes]
    speed = [trace("scatter", name, wave(900, 4)) for name in ("p50", "p95")]
    for line in speed:
        line["mode"] = "lines+markers"
    call = (
        link("3f2a9c", "/x/"), when(NOON, zone="Asia/Seoul"), text("rebuttal", note="Korean"),
        badge("answered", Tone.OK), text("openai/gpt-5-mini"), money(1_234_567), count(1_234),
        duration(1_830), share(1_234),
    )
    names = ["call", "when", "kind", "outcome", "route", "cost", "tokens", "time", "saved"]
    return {
        "now": NOON,
        "kpis": [
            KpiCard("Spent", money(1284 * USD), Change(820, False, "than the 30 days before")),
            KpiCard("Saved, estimated", money(3_901_200_000_000), Change(1450, True)),
            KpiCard("Cost of a debate", money(84_200_000), Change(-310, True)),
            KpiCard("From the cache", share(4_160), Change(0)),
            KpiCard("Slow calls take (p95)", duration(3_420), note="Provider calls only."),
            KpiCard("Errors", share(None)),
        ],
        "bars": [
            BudgetBar("Platform, today", 100 * USD, 41 * USD, 3 * USD, 78 * USD, 80),
            BudgetBar("Premium, this month", 900 * USD, 860 * USD, 8 * USD, None, 80),
        ],
        "figures": [
            figure("spend", "Spent a day", spend),
            figure("saved", "Saved by cause", saved),
            figure("latency", "How long answers take", speed),
            Figure("none", "Errors", Table("Errors", (), ()), is_empty=True,
                   empty_text="No call failed in this range."),
        ],
        "table": Table(
            "The last calls",
            tuple(Column(name, cell.is_number) for name, cell in zip(names, call, strict=True)),
            (call, call, (*call[:3], badge("failed", Tone.BAD), *call[4:]), call),
        ),
        "waterfall": Waterfall("One call", (
            Step("Limits", 0, 2), Step("Cache", 2, 14, note="Not asked before.", color="exact"),
            Step("Provider", 16, 1_700, note="openai/gpt-5-mini", color="economy"),
            Step("Settled", 1_716, 12),
        )),
        "tasks": [
            Task("A local model answers", True, "SmolLM2 is ready."),
            Task("A key for a cloud", False, "Set OPENAI_API_KEY."),
            Task("A first call", False, "It costs nothing.", "/x/", "Send a test call"),
        ],
    }


def sampler(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(PAGE.read_text())
    return HttpResponse(template.render(context(), request))


urlpatterns = [*product, path("sampler/", sampler), path("sampler/part/", sampler)]
