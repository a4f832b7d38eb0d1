from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from accounts.signals import account_closed
        from billing.usage_imports import served

        account_closed.connect(_account_closed)
        served.told_by(_billed_as)


def _account_closed(**facts: Any) -> None:
    """Loaded only then: beat and commands need no gateway."""
    from routing.forgetting import forget_on_closing

    forget_on_closing(**facts)


def _billed_as() -> dict[str, tuple[str, str]]:
    """Provider and model on whose bill the calls of each deployment are."""
    from routing.models import Deployment

    rows = Deployment.objects.values_list("name", "price_provider", "provider", "model")
    return {name: (priced or provider, model) for name, priced, provider, model in rows}
