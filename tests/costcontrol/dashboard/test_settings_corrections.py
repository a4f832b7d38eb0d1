"""Correcting a price of the past on the pages: asked, looked at, posted, taken back."""

import csv
import html
import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import AuditEvent, User
from billing import corrections_work
from billing.models import CorrectionPart, ModelPrice, PriceCorrection, UsageRecord, Window
from tests.billing import books
from tests.billing.repricing import END, NOW, RIGHT, START, Booked, book, price_make, usage_make

PAGE = "/dashboard/settings/"
State = PriceCorrection.State
LATER = NOW + timedelta(days=5)
TYPED = {
    "fresh_input": "3", "cache_read": "0.3", "cache_write": "3.75", "output": "12",
    "search_usd": "0.02", "source": "https://example.org/prices", "source_date": "2026-11-19",
    "start": START.isoformat(), "end": END.isoformat(), "reason": "typed wrong",
}
MOST_QUERIES = 22


@pytest.fixture
def price(db: None) -> ModelPrice:
    return price_make()


@pytest.fixture
def window(db: None) -> Window:
    return books.window_make(10**15)


@pytest.fixture
def called(price: ModelPrice, window: Window) -> list[Booked]:
    chance = random.Random(3)
    return [
        book(chance, [window], outcome="complete", processing="standard",
             at=START + timedelta(hours=hour), usage=usage_make(chance))
        for hour in range(5)
    ]


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    names = ("add_pricecorrection",)
    alice.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(alice)
    return client


def words(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def asked(staff: Client, price: ModelPrice, **more: str) -> Any:
    return staff.post(f"{PAGE}prices/{price.pk}/correct/", TYPED | more)


def streamed(response: Any) -> str:
    """All pieces, as a server would send them."""
    async def joined() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(joined)().decode()


def worked() -> None:
    corrections_work.work(lambda: LATER)


def right_total(called: list[Booked], price: ModelPrice) -> int:
    right = replace(
        RIGHT, fresh_input=Decimal("3"), cache_read=Decimal("0.3"), cache_write=Decimal("3.75"),
        output=Decimal("12"), search_usd=Decimal("0.02"),
    )
    return sum(one.right(price, right, START, END) for one in called)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_from_the_price_to_the_corrected_books_and_back(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    said = words(staff.get(f"{PAGE}prices/{price.pk}/"))
    assert f"{PAGE}prices/{price.pk}/correct/" in said
    said = words(staff.get(f"{PAGE}prices/{price.pk}/correct/"))
    assert 'name="fresh_input" value="2.5"' in said
    response = asked(staff, price)
    correction = PriceCorrection.objects.get()
    there = f"{PAGE}corrections/{correction.pk}/"
    assert (response.status_code, response["Location"]) == (302, there)
    assert correction.state == State.COUNTED  # a day is counted at once
    said = words(staff.get(there))
    assert "Post the correction" in said
    assert "Customers are not charged and get nothing back" in said
    assert not UsageRecord.objects.filter(outcome="corrected").exists()
    staff.post(f"{there}post/", {"confirm": "1"})
    worked()
    booked = sum(one.row.cost_nanos for one in called)
    correction.refresh_from_db()
    assert correction.difference_nanos == right_total(called, price) - booked != 0
    assert correction.state == State.DONE
    assert "posted by" in words(staff.get(there))
    staff.post(f"{there}take-back/", {"reason": "a slip"})
    back = PriceCorrection.objects.latest("pk")
    staff.post(f"{PAGE}corrections/{back.pk}/post/", {"confirm": "1"})
    worked()
    rows = UsageRecord.objects.filter(outcome="corrected").values_list("cost_nanos", flat=True)
    assert (len(rows), sum(rows)) == (10, 0)
    assert "taken back" in words(staff.get(f"{PAGE}corrections/"))
    assert "It was taken back by" in words(staff.get(there))
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "price_correction", "price_correction_post", "price_correction_take_back",
        "price_correction_post",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("field", "typed", "sentence"), [
    ("fresh_input", "two", "Write dollars, 0 or more"),
    ("output", "-1", "Write dollars, 0 or more"),
    ("start", "", "Write a day and time"),
    ("start", "yesterday", "Write a day and time"),
    ("start", "2026-11-19T03:31Z", "The range begins after its end"),
    ("start", "0001-01-01 00:00", "Write a day and time"),
    ("start", "0001-01-01 00:00+14:00", "Write a day and time"),
    ("end", "1815-06-18 11:30", "Write a day and time"),
    ("end", "2027-01-01", "A correction ends now at the latest"),
    ("end", "9999-99-99", "Write a day and time"),
    ("source", "", "Write who says so"),
    ("source_date", "1815-06-18", "Write the day on which the source was read"),
    ("reason", "", "Write why"),
])
def test_what_is_typed_wrong_is_said_and_nothing_typed_is_lost(
    field: str, typed: str, sentence: str, staff: Client, price: ModelPrice
) -> None:
    said = words(asked(staff, price, **{field: typed}), 400)
    assert sentence in said
    for name, value in (TYPED | {field: typed}).items():
        assert f'name="{name}"' in said
        assert f'value="{html.escape(value)}"' in said or html.escape(value) in said
    assert not PriceCorrection.objects.exists()


@pytest.mark.django_db
@pytest.mark.postgresql
def test_any_offset_that_can_be_typed_is_kept(staff: Client, price: ModelPrice) -> None:
    response = asked(staff, price, start="2026-11-18 00:00+23:59")
    words(staff.get(response["Location"]))
    assert PriceCorrection.objects.get().start == datetime(2026, 11, 17, 0, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_the_numbers_of_the_book_are_no_correction(staff: Client, price: ModelPrice) -> None:
    said = words(asked(
        staff, price, fresh_input="2.5", cache_read="0.25", cache_write="3.125", output="10",
        search_usd="0.01",
    ), 400)
    assert "These are the numbers of the book" in said


@pytest.mark.django_db
def test_only_who_may_correct_does(
    client: Client, alice: User, price: ModelPrice, called: list[Booked]
) -> None:
    path = f"{PAGE}prices/{price.pk}/correct/"
    assert client.get(path).status_code == 302
    client.force_login(alice)
    assert "your account needs the permission" in words(client.get(path))
    assert asked(client, price).status_code == 403
    alice.user_permissions.set(Permission.objects.filter(codename="add_pricecorrection"))
    asked(client, price)
    alice.user_permissions.clear()
    there = f"{PAGE}corrections/{PriceCorrection.objects.get().pk}/"
    said = words(client.get(there))
    assert "Post the correction" not in said
    for action in ("post", "drop", "take-back"):
        assert client.post(f"{there}{action}/", {"confirm": "1"}).status_code == 403
    assert PriceCorrection.objects.get().state == State.COUNTED


@pytest.mark.django_db
def test_it_is_posted_only_with_the_tick_and_once(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    asked(staff, price)
    correction = PriceCorrection.objects.get()
    there = f"{PAGE}corrections/{correction.pk}/"
    said = words(staff.post(f"{there}post/", follow=True))
    assert "Tick that it may be posted" in said
    assert PriceCorrection.objects.get().state == State.COUNTED
    for _twice in range(2):
        said = words(staff.post(f"{there}post/", {"confirm": "1"}, follow=True))
    assert "not waiting to be posted" in said
    worked()
    assert UsageRecord.objects.filter(outcome="corrected").count() == 5


@pytest.mark.django_db
def test_what_is_dropped_is_never_posted(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    asked(staff, price)
    there = f"{PAGE}corrections/{PriceCorrection.objects.get().pk}/"
    assert "is dropped" in words(staff.post(f"{there}drop/", follow=True))
    staff.post(f"{there}post/", {"confirm": "1"})
    worked()
    assert not UsageRecord.objects.filter(outcome="corrected").exists()


@pytest.mark.django_db
def test_a_long_range_waits_for_a_worker_and_the_page_renews_itself(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    asked(staff, price, start="2026-10-25T00:00Z")
    correction = PriceCorrection.objects.get()
    there = f"{PAGE}corrections/{correction.pk}/"
    assert correction.state == State.COUNTING
    said = words(staff.get(there))
    assert f'hx-get="{there}"' in said
    assert "as soon as a worker is free" in said
    worked()
    response = staff.get(there, headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_the_file_adds_up_to_the_difference_by_each_of_its_three(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    asked(staff, price)
    correction = PriceCorrection.objects.get()
    response = staff.get(f"{PAGE}corrections/{correction.pk}.csv")
    lines = list(csv.DictReader(io.StringIO(streamed(response))))
    for by in ("day", "tier", "payer"):
        own = [line for line in lines if line["by"] == by]
        assert sum(int(line["attempts"]) for line in own) == 5
        assert sum(int(line["difference_nanos"]) for line in own) == correction.difference_nanos


@pytest.mark.django_db
def test_what_the_pages_read_is_limited(
    staff: Client, price: ModelPrice, called: list[Booked],
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    asked(staff, price)
    there = f"{PAGE}corrections/{PriceCorrection.objects.get().pk}/"
    for path in (there, f"{PAGE}corrections/", f"{PAGE}prices/{price.pk}/correct/"):
        with django_assert_max_num_queries(MOST_QUERIES):
            words(staff.get(path))


@pytest.mark.django_db
@pytest.mark.postgresql
def test_of_many_days_and_payers_the_newest_and_those_who_change_most_are_shown(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    asked(staff, price)
    correction = PriceCorrection.objects.get()
    correction.parts.all().delete()
    CorrectionPart.objects.bulk_create(
        CorrectionPart(correction=correction, by=by, key=key, rows=1, booked_nanos=50,
                       right_nanos=50 + change)
        for number in range(60)
        for by, key, change in (
            ("day", f"{2000 + number}-01-01", 1), ("payer", f"user:{7000 + number}", -number)
        )
    )
    said = words(staff.get(f"{PAGE}corrections/{correction.pk}/"))
    days = [year for year in range(2000, 2060) if f"{year}-01-01" in said]
    people = [number for number in range(60) if str(7000 + number) in said]
    assert (days, people) == (list(range(2020, 2060)), list(range(20, 60)))
    assert "The tables show the 40 newest days" in said


@pytest.mark.django_db
def test_what_is_not_there_is_not_found(staff: Client) -> None:
    for path in ("prices/9/correct/", "corrections/9/", "corrections/9.csv",
                 f"corrections/{10**12}/"):
        assert staff.get(f"{PAGE}{path}").status_code == 404
