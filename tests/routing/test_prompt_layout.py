"""`manage.py prompt_layout`, on the deployments and prices of a new installation."""

import pytest
from django.core.management import CommandError, call_command


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("prompt_layout", *arguments)
    return capsys.readouterr().out


@pytest.fixture
def defaults(db: None) -> None:
    call_command("load_defaults")


@pytest.mark.usefixtures("defaults")
def test_it_shows_each_kind_each_model_and_each_route(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "--format", "1v1", "--model", "anthropic/claude-opus-5-5")
    assert "1v1 in ko, 14 turns" in text
    for kind in ("attack_response", "opening_statement", "tone_select", "conclusion"):
        assert f"\n{kind} " in text
    assert text.count("all turns\n") == 1
    for route in ("anthropic/claude-opus-5-5", "hybrid, anthropic", "cloud, openai"):
        assert f"\n{route} " in text


@pytest.mark.usefixtures("defaults")
def test_sums_are_those_of_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "--format", "1v1", "--model", "openai/gpt-6.1-sol")
    table = text.split("openai/gpt-6.1-sol, all turns\n")[1].split("\n\n")[0].splitlines()[1:]
    *rows, together = [[int(n.replace(",", "")) for n in line.split()[1:4]] for line in table]
    assert [sum(column) for column in zip(*rows, strict=True)] == together
    assert together[1] > together[2] > 0, "more is read than written"


@pytest.mark.usefixtures("defaults")
def test_a_deployment_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match=r"openai/gpt-99.*anthropic/claude-opus-5-5"):
        told(capsys, "--model", "openai/gpt-99")


@pytest.mark.django_db
def test_without_models_there_are_sizes_only(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "--language", "en")
    assert "attack_response" in text
    assert "all turns\n" not in text
