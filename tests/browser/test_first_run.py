"""A stranger starts the product, signs in, and sends a first call from the page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.plugin import DjangoDbBlocker

from routing.models import Deployment
from tests.browser.site import OPENAI
from tests.browser.watch import watched
from tests.flows.rows import LOCAL, connected_to, deployment
from tests.services.product import Product, running_product
from tests.upstreams.metered import TEXT, Metered, running_metered

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Metered]:
    with running_metered() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, upstream: Metered, django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Product]:
    """`manage.py up` in an empty folder, with one local model: ours, that answers at once."""
    folder = tmp_path_factory.mktemp("data")
    with running_product(folder, OPENAI_BASE_URL=OPENAI) as product:
        with django_db_blocker.unblock(), connected_to(str(folder / "costcontrol.sqlite3")):
            Deployment.objects.filter(provider="embedded").update(is_enabled=False)
            deployment(LOCAL, f"{upstream.url}/local/v1", price_provider="local")
        yield product


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched(browser, locale="ko-KR") as seen:
        yield seen.page
    assert seen.complaints == []


def sign_in(page: Page, product: Product) -> None:
    found = re.search(r"staff login +(\S+) +password +(\S+)", product.output)
    assert found
    page.goto(f"{product.address}/dashboard/")
    page.locator("input[name=login]").fill(found[1])
    page.locator("input[name=password]").fill(found[2])
    page.locator("main form button.primary").click()
    page.wait_for_url(f"{product.address}/dashboard/")


def test_first_call_is_sent_explained_and_not_bought_twice(
    page: Page, product: Product, upstream: Metered
) -> None:
    sign_in(page, product)
    send = page.locator("form[action$='/first-call/'] button")
    while not send.is_visible():  # until the gateway's snapshot knows of the model
        page.reload()
    send.click()
    answer = page.locator("#first-call .answer")
    expect(answer.locator("blockquote")).to_contain_text(TEXT[:40])
    expect(answer.locator(".facts")).to_contain_text(LOCAL)
    values = [each.get_attribute("value") for each in answer.locator("data.money").all()]
    cost, baseline, saved = (int(value or "x") for value in values)
    assert (cost, saved) == (0, baseline)
    assert baseline > 0
    expect(page.locator(".kpis")).to_be_visible()  # the figures have renewed themselves
    answer.locator("a.button").click()
    page.wait_for_url("**/dashboard/calls/*/")
    expect(page.locator("main")).to_contain_text(LOCAL)
    page.go_back()
    same_question_again(page, upstream)


def same_question_again(page: Page, upstream: Metered) -> None:
    bought = len(upstream.sales)
    page.reload()
    page.locator("#first-run summary").click()
    page.locator("form[action$='/first-call/'] button").click()
    expect(page.locator("#first-call .answer")).to_be_visible()
    assert len(upstream.sales) == bought
