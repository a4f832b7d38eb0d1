"""What `manage.py check` says about a costcontrol: rows and folders that would make calls fail.

The checks that read rows run with `manage.py check --database default` and at each `manage.py up`.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError

TAG = "costcontrol"
CLOUD_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")


@register(TAG)
def data_folder_can_be_written(**kwargs: Any) -> list[CheckMessage]:
    folder = settings.DATA_DIR
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return []
    hint = "Change its owner, or set DATA_DIR to another folder."
    return [Error(f"The data folder {folder} cannot be written.", hint=hint, id="costcontrol.E001")]


@register(TAG)
def hosts_are_named(**kwargs: Any) -> list[CheckMessage]:
    """Links in emails begin with the host that the browser named: with `*`, any that is made up,
    and a link that sets a new password would lead its owner there."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Name the hosts that people open, with commas between them."
    text = "ALLOWED_HOSTS=* lets strangers choose where the links in emails lead."
    return [Warning(text, hint=hint, id="costcontrol.W004")]


@register(TAG)
def deployments_have_a_price(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Its calls are refused by name until it has one: an unknown price is never $0."""
    if not databases:
        return []
    hint = "Add a price in the admin, run `manage.py load_prices`, or disable the deployment."
    return [
        Error(f"The deployment {name} has no price.", hint=hint, id="costcontrol.E002")
        for name in _unpriced_deployments()
    ]


@register(TAG)
def somebody_can_answer(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    if not databases or any(os.environ.get(key) for key in CLOUD_KEYS) or _has_local_model():
        return []
    hint = "Run `make model`, start Ollama, or set ANTHROPIC_API_KEY or OPENAI_API_KEY."
    return [
        Warning("There is no local model and no cloud key.", hint=hint, id="costcontrol.W003")
    ]


def _unpriced_deployments() -> list[str]:
    from billing.prices import PriceTable
    from costcontrol.lib.clock import now
    from routing.models import Deployment

    try:
        table = PriceTable.load(now())
        enabled = list(Deployment.objects.filter(is_enabled=True))
    except DatabaseError:
        return []  # not migrated yet
    return [
        row.name
        for row in enabled
        if not table.has(row.price_provider or row.provider, row.model)
    ]


def _has_local_model() -> bool:
    """A deployment of the local class that could run: the built-in one needs its wheels."""
    from routing.models import Deployment

    try:
        local = Deployment.objects.filter(is_enabled=True, model_class="local")
        providers = set(local.values_list("provider", flat=True))
    except DatabaseError:
        return True  # not migrated yet: nothing to say
    if providers - {"embedded"}:
        return True
    return "embedded" in providers and find_spec("xllamacpp") is not None
