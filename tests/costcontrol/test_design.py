"""The style sheet's promises: colours that can be read, names that exist, nothing inline."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CSS = (ROOT / "costcontrol/static/costcontrol.css").read_text()
SHADES = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS
    )
}
CHARTS = sorted(name for name in SHADES if name.startswith("c-"))
TEXTS = ["ink", "soft", "accent", "ok", "warn", "bad", "off"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str, theme: int) -> float:
    low, high = sorted(luminance(SHADES[name][theme]) for name in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_every_class_cause_and_percentile_has_a_chart_colour() -> None:
    named = "local economy mid premium exact shared prompt_cache route failed p50 p95 other"
    numbered = [f"c{place}" for place in range(1, 9)]
    assert {f"c-{name}" for name in (*named.split(), *numbered)} <= SHADES.keys()


@pytest.mark.parametrize(("name", "theme"), [*product(CHARTS, (0, 1))])
def test_chart_colours_stand_out_from_their_card(name: str, theme: int) -> None:
    assert contrast(name, "card", theme) >= 3


@pytest.mark.parametrize(("name", "ground", "theme"), [*product(TEXTS, ("paper", "card"), (0, 1))])
def test_texts_can_be_read(name: str, ground: str, theme: int) -> None:
    assert contrast(name, ground, theme) >= 4.5


@pytest.mark.parametrize(("name", "theme"), [*product(("ok", "warn", "bad", "off"), (0, 1))])
def test_badges_can_be_read(name: str, theme: int) -> None:
    assert contrast(name, f"{name}-wash", theme) >= 4.5
    assert contrast("ink", f"{name}-wash", theme) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_main_button_can_be_read_and_fields_have_an_edge(theme: int) -> None:
    assert contrast("on-accent", "accent", theme) >= 4.5
    assert contrast("line-strong", "card", theme) >= 3


def test_every_custom_property_that_is_used_exists() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", CSS))
    made = set(re.findall(r"--([\w-]+):", CSS))
    assert used - made == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_writes_styles_or_scripts_into_the_page(path: Path) -> None:
    text = re.sub(r"{%.*?%}", "", path.read_text())
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text)
