from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from accounts.signals import account_closed

        account_closed.connect(_account_closed)


def _account_closed(**facts: Any) -> None:
    """Loaded only then: beat and commands need no gateway."""
    from routing.forgetting import forget_on_closing

    forget_on_closing(**facts)
