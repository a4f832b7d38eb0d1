from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from accounts.signals import account_closed
        from routing.forgetting import forget_on_closing

        account_closed.connect(forget_on_closing)
