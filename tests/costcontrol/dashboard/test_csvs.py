"""Exports: exact, harmless in a spreadsheet, and marked when they are a demo's."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.conf import LazySettings

from billing.reports.ranges import Range
from billing.reports.shapes import Line, Part, Series, Unit
from costcontrol.dashboard.csvs import (
    PIECE,
    Row,
    csv_response,
    csv_stream,
    parts_rows,
    series_rows,
)
from tests.costcontrol.dashboard.files import said_in

DAY = Range(date(2026, 11, 25), date(2026, 11, 25), "Asia/Seoul")


def export(rows: list[Row]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_response("name", rows).content.decode())))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =HYPERLINK(1)", "\n=1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert export([["name"], [text]])[1] == [f"'{text}"]


def test_negative_amounts_stay_numbers() -> None:
    assert export([["nanos", "usd"], [-5, Decimal("-0.000000005")]])[1] == ["-5", "-0.000000005"]


def test_money_is_exact_in_nanos_and_in_dollars() -> None:
    rows = export(list(parts_rows([Part("a/b", 3, 1), Part("other", 1, 12_345_678_901)])))
    assert rows == [
        ["route", "calls", "cost_nanos", "cost_usd"],
        ["a/b", "3", "1", "0.000000001"],
        ["other", "1", "12345678901", "12.345678901"],
    ]


def test_rows_have_the_local_times_that_they_are_cut_at() -> None:
    lines = (Line("local", (0,) * 24), Line("mid", (None,) * 24))
    rows = export(list(series_rows(Series(DAY.buckets, lines, Unit.NANOS), zone=DAY.zone)))
    assert rows[0] == ["from", "to", "local_nanos", "local_usd", "mid_nanos", "mid_usd"]
    assert rows[1][:2] == ["2026-11-25T00:00:00+09:00", "2026-11-25T01:00:00+09:00"]
    assert rows[1][2:] == ["0", "0", "", ""]


def test_what_is_no_money_has_one_column() -> None:
    series = Series(DAY.buckets, (Line("provider.p50", (7,) * 24),), Unit.MS)
    assert export(list(series_rows(series, zone=DAY.zone)))[0] == ["from", "to", "provider.p50_ms"]


def test_each_row_of_a_demo_says_so_and_the_file_too(settings: LazySettings) -> None:
    settings.DEMO = True
    response = csv_response("spend", [["route"], ["a"], ["b"]])
    assert response.content.decode().split() == ["route,data", "a,demo", "b,demo"]
    assert response["Content-Disposition"] == 'attachment; filename="demo-spend.csv"'


def test_real_data_is_not_marked(settings: LazySettings) -> None:
    settings.DEMO = False
    response = csv_response("spend", [["route"], ["a"]])
    assert response.content.decode().split() == ["route", "a"]
    assert response["Content-Disposition"] == 'attachment; filename="spend.csv"'


@pytest.mark.parametrize("number", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 3])
def test_a_long_file_comes_in_pieces_and_says_the_same(number: int, settings: LazySettings) -> None:
    settings.DEMO = True
    rows: list[Row] = [["route", "usd"], *(["=x", Decimal(place)] for place in range(number))]
    assert said_in(csv_stream("name", rows)) == csv_response("name", rows).content.decode()


def test_rows_of_a_long_file_are_read_as_they_are_sent() -> None:
    read = []

    def rows() -> Iterator[Row]:
        for place in range(5 * PIECE):
            read.append(place)
            yield [place]

    async def first_piece() -> int:
        pieces = aiter(csv_stream("name", rows()))
        await anext(pieces)
        return len(read)

    assert async_to_sync(first_piece)() == PIECE
