"""How finely a table of sums tells calls apart: the same calls are in it once for each grain.

The narrowest grain that knows what is asked is read, and only that (`measures.py`).
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Grain(models.IntegerChoices):
    WHOLE = 0, _("all tiers and languages")
    FINE = 1, _("by tier and language")


class SavingGrain(models.IntegerChoices):
    """Of savings: hours have the first two, and FINE knows the deployment there. CAUSES know kinds
    of call only as far as causes ask: what charts are made of."""

    WHOLE = 0, _("all tiers and languages")
    FINE = 1, _("by tier and language")
    FULL = 2, _("by tier, language and model")
    CAUSES = 3, _("all kinds, tiers and languages")
    CAUSES_FINE = 4, _("all kinds, by tier and language")
    CAUSES_FULL = 5, _("all kinds, by tier, language and model")
