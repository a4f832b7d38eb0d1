"""Deployments, prices and a plan for the benchmark. Run inside Django: `manage.py shell < …`.

50 and 100 USD per million tokens, so that a request of 100 and 50 tokens costs exactly $0.01.
"""

import os
from datetime import UTC, date, datetime

from accounts.models import Tier
from billing.models import ModelPrice
from routing.models import Deployment

for name, port in (("bench0", os.environ["UP0"]), ("bench20", os.environ["UP20"])):
    Deployment.objects.update_or_create(
        name=name,
        defaults={
            "provider": "openai", "model": name, "model_class": "economy",
            "base_url": f"http://127.0.0.1:{port}/v1", "languages": ["en"],
            "price_provider": "bench",
        },
    )
    ModelPrice.objects.get_or_create(
        provider="bench", model=name,
        defaults={
            "fresh_input": 50, "cache_read": 50, "cache_write": 50, "output": 100,
            "effective_from": datetime(2026, 1, 1, tzinfo=UTC), "source": "operator: benchmark",
            "source_date": date(2026, 1, 1),
        },
    )
Tier.objects.update_or_create(
    name="bench",
    defaults={"title": "bench", "route_mode": "hybrid", "allowed_classes": ["economy"]},
)
