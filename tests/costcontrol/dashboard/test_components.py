"""Lengths in bars and waterfalls, and what the component templates say."""

import pytest
from django.template.loader import render_to_string

from costcontrol.dashboard.components import (
    BudgetBar,
    Column,
    Figure,
    Step,
    Table,
    Task,
    Tone,
    Waterfall,
    count,
    text,
)

USD = 1_000_000_000


@pytest.mark.parametrize(
    ("cap", "spent", "held", "widths", "tone"),
    [
        (10, 0, 0, (0, 0), Tone.OK),
        (10, 5, 2, (500, 200), Tone.OK),
        (10, 7, 1, (700, 100), Tone.WARN),
        (10, 9, 1, (900, 100), Tone.BAD),
        (10, 12, 3, (1000, 0), Tone.BAD),
        (0, 0, 0, (1000, 0), Tone.BAD),
    ],
)
def test_budget_bar_is_never_longer_than_its_budget(
    cap: int, spent: int, held: int, widths: tuple[int, int], tone: Tone
) -> None:
    bar = BudgetBar("platform", cap * USD, spent * USD, held * USD, soft_percent=80)
    assert (bar.spent_width, bar.held_width) == widths
    assert bar.tone == tone


def test_budget_bar_says_all_its_amounts_in_words() -> None:
    bar = BudgetBar("platform", 10 * USD, 5 * USD, USD, projected_nanos=9 * USD)
    written = render_to_string("components/budget.html", {"bar": bar})
    amounts = ("$5.00", "$1.00", "$4.00", "$9.00")
    assert [amount for amount in amounts if amount not in written] == []
    assert "style=" not in written


def test_steps_of_a_waterfall_stay_inside_the_picture() -> None:
    steps = (Step("a", 0, 0), Step("b", 0, 990), Step("c", 990, 10), Step("d", 1000, 0))
    bars = Waterfall("call", steps).bars
    assert all(bar.x >= 0 and bar.x + bar.width <= 1000 and bar.width > 0 for bar in bars)
    assert bars[1].width == 990


def test_waterfall_of_a_call_that_took_no_time_is_drawn() -> None:
    assert Waterfall("call", (Step("a", 0, 0),)).bars[0].width > 0


def test_table_names_its_rows_and_columns() -> None:
    columns = (Column("day"), Column("calls", is_number=True))
    written = render_to_string(
        "components/table.html", {"table": Table("Calls", columns, ((text("Mon"), count(7)),))}
    )
    assert '<th scope="row">Mon</th>' in written
    assert '<th scope="col" class="number">calls</th>' in written
    assert 'tabindex="0" aria-label="Calls"' in written


def test_empty_table_and_empty_figure_say_why() -> None:
    table = Table("Calls", (Column("day"),), (), empty_text="No calls yet.")
    assert "No calls yet." in render_to_string("components/table.html", {"table": table})
    figure = Figure("f", "Errors", table, is_empty=True, empty_text="Nothing failed.")
    written = render_to_string("components/figure.html", {"figure": figure})
    assert "Nothing failed." in written
    assert "data-chart" not in written


def test_checklist_says_what_is_done_to_those_who_see_no_ticks() -> None:
    tasks = [Task("A model", is_done=True), Task("A key", is_done=False, href="/x/", action="Set")]
    written = render_to_string("components/checklist.html", {"tasks": tasks})
    assert "Done: </span>A model" in written
    assert "To do: </span>A key" in written
