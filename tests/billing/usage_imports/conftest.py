from collections.abc import Iterator
from typing import Any

import pytest

from tests.services.usage_reports import ADMIN, Reports, running_reports


@pytest.fixture
def reports(settings: Any) -> Iterator[Reports]:
    """Both vendors' reports at an address of ours, and the right keys."""
    with running_reports() as found:
        settings.ANTHROPIC_BASE_URL, settings.OPENAI_BASE_URL = found.url, f"{found.url}/v1"
        settings.ANTHROPIC_ADMIN_KEY = settings.OPENAI_ADMIN_KEY = ADMIN
        yield found
