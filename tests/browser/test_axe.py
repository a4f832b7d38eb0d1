"""The checker itself: it is the file that its makers publish, and it finds what is wrong."""

import hashlib

import pytest
from playwright.sync_api import Page

from tests.browser import axe

pytestmark = pytest.mark.browser


def test_script_is_the_published_one() -> None:
    assert hashlib.sha256(axe.SCRIPT.read_bytes()).hexdigest() == axe.SHA256


def test_picture_without_a_text_is_found(page: Page) -> None:
    page.set_content("<html lang=en><title>t</title><main><h1>t</h1><img src='data:,'></main>")
    assert [line.split()[1] for line in axe.violations(page)] == ["image-alt"]


def test_pale_text_is_found_unless_left_out(page: Page) -> None:
    page.set_content(
        "<html lang=en><title>t</title><main><h1>t</h1><p><font color='#eee'>pale</font></main>"
    )
    assert [line.split()[1] for line in axe.violations(page)] == ["color-contrast"]
    assert axe.violations(page, without=["color-contrast"]) == []


def test_where_only_colours_are_asked_about_the_rest_is_not(page: Page) -> None:
    page.set_content(
        "<html lang=en><title>t</title><main><h1>t</h1><font color='#eee'>pale</font>"
        "<img src='data:,'></main>"
    )
    found = axe.violations(page, only_colours=True)
    assert [line.split()[1] for line in found] == ["color-contrast"]
    assert axe.violations(page, only_colours=True, without=["color-contrast"]) == []
