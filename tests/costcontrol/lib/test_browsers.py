"""Browsers by the names that people know."""

import pytest

from costcontrol.lib.browsers import LONGEST, browser_of

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (CHROME, "Chrome, Linux"),
        (f"{CHROME} Edg/150.0", "Edge, Linux"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/19 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Android 16; Mobile) Firefox/150.0", "Firefox, Android"),
        ("curl/8.9", "curl"),
        ("", ""),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_browser_is_named(said: str, name: str) -> None:
    assert browser_of(said) == name
