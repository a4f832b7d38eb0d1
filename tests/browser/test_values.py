"""How the script writes figures."""

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SCRIPT = Path(settings.BASE_DIR) / "costcontrol" / "static" / "costcontrol.js"


@pytest.mark.parametrize(
    ("nanos", "places", "words"),
    [(-474_000, 2, "$0.00"), (-474_000, 4, "-$0.0005"), (1_234_560_000_000, 2, "$1,234.56"),
     (0, 2, "$0.00")],
)
def test_money_is_rounded_and_no_zero_has_a_sign(
    page: Page, nanos: int, places: int, words: str
) -> None:
    page.set_content(
        f'<html lang="en"><body><data class="money" value="{nanos}" data-places="{places}"></data>'
    )
    page.add_script_tag(path=SCRIPT)
    assert page.locator("data").inner_text() == words
