"""What `manage.py check` finds wrong, and what it says to do."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.checks import CheckMessage, run_checks

from costcontrol.checks import TAG
from routing.models import Deployment
from tests.services.product import manage

pytestmark = pytest.mark.django_db


def found() -> dict[str, CheckMessage]:
    return {str(m.id): m for m in run_checks(tags=[TAG], databases=["default"])}


def deployment_make(**changes: object) -> Deployment:
    row = {"name": "vllm/qwen", "provider": "openai", "model": "qwen", "model_class": "local"}
    return Deployment.objects.create(**row | changes)


def test_deployment_without_a_price_is_named_with_the_mend() -> None:
    deployment_make(price_provider="nobody")
    error = found()["costcontrol.E002"]
    assert error.msg == "The deployment vllm/qwen has no price."
    assert "load_prices" in str(error.hint)


def test_disabled_deployment_needs_no_price() -> None:
    deployment_make(price_provider="nobody", is_enabled=False)
    assert "costcontrol.E002" not in found()


def test_rows_are_not_read_unless_the_database_is_named() -> None:
    deployment_make(price_provider="nobody")
    assert run_checks(tags=[TAG]) == []


def test_nobody_to_answer_is_a_warning() -> None:
    assert "make model" in str(found()["costcontrol.W003"].hint)


def test_cloud_key_is_somebody_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
    assert "costcontrol.W003" not in found()


def test_local_server_is_somebody_to_answer() -> None:
    deployment_make()
    assert "costcontrol.W003" not in found()


def test_built_in_model_counts_only_with_its_wheels() -> None:
    deployment_make(provider="embedded")
    assert ("costcontrol.W003" in found()) == (find_spec("xllamacpp") is None)


def test_data_folder_that_cannot_be_written_is_an_error(
    settings: LazySettings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file"
    assert "set DATA_DIR" in str(found()["costcontrol.E001"].hint)


def test_checks_are_silent_before_the_first_migration(tmp_path: Path) -> None:
    checked = manage("check", "--database", "default", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_hosts_that_anybody_may_make_up_are_warned_of(settings: LazySettings) -> None:
    assert "costcontrol.W004" not in found()
    settings.ALLOWED_HOSTS = ["*"]
    assert "Name the hosts" in str(found()["costcontrol.W004"].hint)
