from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from accounts import signals
        from billing.alerting import closing as alerts_closing
        from billing.keys import budgets_follow
        from billing.payments.closing import account_closes, organisation_closes

        signals.key_rotated.connect(budgets_follow)
        signals.payer_changed.connect(_payer_changed)
        signals.account_closed.connect(account_closes)
        signals.account_closed.connect(alerts_closing.account_closes)
        signals.organisation_closed.connect(organisation_closes)


def _payer_changed(**_facts: Any) -> None:
    """Calls that were about to be counted against the old one look again."""
    from billing.budgets import book_changed

    book_changed()
