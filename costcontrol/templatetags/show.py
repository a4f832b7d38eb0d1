"""`{% load show %}`: values as elements that people, machines and browsers can read.

Each has the exact value in an attribute and a text in the active language; None is a dash.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.components import Badge, Cell, Change, Kind, Tone
from costcontrol.lib.browsers import browser_of

register = template.Library()

NOT_IN_SCRIPTS = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def unknown() -> SafeString:
    return format_html(
        '<span class="unknown" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>',
        formats.UNKNOWN,
        _("not known"),
    )


register.filter("browser", browser_of)


@register.simple_tag
def money(nanos: int | None, places: int | None = None) -> SafeString:
    if nanos is None:
        return unknown()
    digits = formats.places_of(nanos) if places is None else places
    return _data("money", nanos, formats.money(nanos, places=digits), f' data-places="{digits}"')


@register.simple_tag
def minor(amount: int | None, currency: str) -> SafeString:
    """Not refined by scripts: what is charged is written the same everywhere."""
    if amount is None:
        return unknown()
    return format_html(
        '<data value="{} {}">{}</data>', amount, currency, formats.minor(amount, currency)
    )


@register.simple_tag
def count(number: int | None) -> SafeString:
    if number is None:
        return unknown()
    return _data("count", number, formats.count(number))


@register.simple_tag
def share(basis_points: int | None) -> SafeString:
    if basis_points is None:
        return unknown()
    return _data("share", basis_points, formats.share(basis_points))


@register.simple_tag
def duration(ms: int | None) -> SafeString:
    if ms is None:
        return unknown()
    return _data("duration", ms, formats.duration(ms))


NUMBERS = {Kind.COUNT: count, Kind.SHARE: share, Kind.DURATION: duration}


@register.simple_tag
def when(moment: datetime | None, zone: str = "UTC") -> SafeString:
    if moment is None:
        return unknown()
    return format_html(
        '<time datetime="{}" data-zone="{}" title="{}">{}</time>',
        _instant(moment),
        zone,
        f"{formats.when(moment, zone=zone)} {zone}",
        formats.when(moment, zone=zone),
    )


@register.simple_tag
def day(moment: datetime | None, zone: str = "UTC") -> SafeString:
    """The local day alone: when a plan renews is no matter of minutes."""
    if moment is None:
        return unknown()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        _instant(moment), f"{formats.when(moment, zone=zone)} {zone}",
        formats.day(moment, zone=zone),
    )


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """How long ago that was: written by the browser, which knows what time it is."""
    return format_html('<time datetime="{}" data-age></time>', _instant(moment))


@register.simple_tag
def badge(text: str, tone: str = "off") -> SafeString:
    return format_html('<span class="badge" data-tone="{}">{}</span>', tone, text)


@register.simple_tag
def change(value: Change) -> SafeString:
    """`▲ 12.3% more than the 30 days before`; whether that is good is in the tone, never alone."""
    tone = {True: Tone.OK, False: Tone.BAD, None: Tone.OFF}[value.is_good]
    than = format_html(' <span class="than">{}</span>', value.than) if value.than else ""
    if value.basis_points == 0:
        return format_html('<span class="change">{}</span>{}', _("no change"), than)
    arrow, word = ("▲", _("more")) if value.basis_points > 0 else ("▼", _("less"))
    return format_html(
        '<span class="change" data-tone="{}"><span aria-hidden="true">{}</span> {} {}</span>{}',
        tone,
        arrow,
        share(abs(value.basis_points)),
        word,
        than,
    )


@register.simple_tag
def cell(value: Cell) -> SafeString:
    """Whatever a cell holds; its note below."""
    shown = _cell_value(value)
    if not value.note:
        return shown
    return format_html('{}<span class="cell-note">{}</span>', shown, value.note)


@register.simple_tag
def rows(lines: Sequence[Sequence[Cell]]) -> SafeString:
    """All rows of a table in one go: a quarter has thousands of cells, and many are alike, so each
    is written once. The first of a row names it."""
    written: dict[tuple[object, ...], str] = {}
    return mark_safe("".join(_row(cells, written) for cells in lines))


def _row(cells: Sequence[Cell], written: dict[tuple[object, ...], str]) -> str:
    first, *others = cells
    named = f'<th scope="row"{_place(first)}>{cell(first)}</th>'
    return f"\n    <tr>{named}{''.join([_written(each, written) for each in others])}</tr>"


def _written(each: Cell, written: dict[tuple[object, ...], str]) -> str:
    """Plain numbers are remembered; words are not, for equal ones may be safe or not."""
    if type(each.value) is not int or each.note or each.href:
        return f"<td{_place(each)}>{cell(each)}</td>"
    key = (each.kind, each.value, each.places, each.currency)
    found = written.get(key)
    if found is None:
        found = written[key] = f"<td{_place(each)}>{_number(each, each.value)}</td>"
    return found


@register.simple_tag
def chart_json(text: str) -> SafeString:
    """A Plotly figure for a data block: checked to be JSON, and nothing in it can end the block."""
    json.loads(text)
    return mark_safe(text.translate(NOT_IN_SCRIPTS))


def _data(kind: str, value: int, text: str, more: str = "") -> SafeString:
    return mark_safe(f'<data class="{kind}" value="{value}"{more}>{escape(text)}</data>')


def _place(cell: Cell) -> str:
    return ' class="number"' if cell.is_number else ""


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell_value(cell: Cell) -> SafeString:
    value = cell.value
    if value is None:
        return unknown()
    if isinstance(value, Badge):
        return badge(value.text, value.tone)
    if isinstance(value, datetime):
        return when(value, cell.zone)
    if isinstance(value, str):
        return _words(cell, value)
    shown = _number(cell, value)
    return format_html('<a href="{}">{}</a>', cell.href, shown) if cell.href else shown


def _number(cell: Cell, value: int) -> SafeString:
    if cell.kind == Kind.MONEY:
        return money(value, cell.places)
    if cell.kind == Kind.MINOR:
        return minor(value, cell.currency)
    return NUMBERS[cell.kind](value)


def _words(cell: Cell, words: str) -> SafeString:
    if cell.kind == Kind.LINK:
        return format_html('<a href="{}">{}</a>', cell.href, words)
    return format_html("{}", words)
