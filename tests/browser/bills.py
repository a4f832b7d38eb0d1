"""A provider's own figures of some days: one agrees with ours, the others differ."""

from datetime import timedelta

from billing.reports.slices import NONE, SliceFilters, day_costs
from billing.usage_imports.importing import usage_import
from costcontrol.lib import clock
from costcontrol.lib.money import to_usd
from tests.browser.rows import FIRST_DAY, SONNET, STAFF

SONNET_PRICE = 15  # Claude Sonnet's in the book
PRICE = (  # asked what another one would change
    f"{SONNET_PRICE}/?fresh_input=1&cache_read=0.1&cache_write=1.25&output=5&search_usd=0.01"
    "&source=example.org&source_date=2026-11-24"
)
HEADER = "day,model,requests,fresh_input_tokens,output_tokens,cost_usd"


def bills_make() -> None:
    """Of Anthropic's; after the rollup."""
    first, now = FIRST_DAY.date(), clock.now()
    days = day_costs(
        zone="UTC", first=first, last=first + timedelta(days=5), now=now, group_by="deployment",
        filters=SliceFilters(provider="anthropic", cache_layer=NONE),
    )
    lines = [HEADER, f"{first},claude-from-elsewhere,3,9000,1200,0.4215"]
    for (day, deployment), row in sorted(days.items()):
        more = 800 if deployment == SONNET and day.day % 2 else 0
        tokens = row.fresh_input_tokens + row.cache_read_tokens + row.cache_write_tokens
        lines.append(
            f"{day},{deployment.partition('/')[2]},{row.calls},{tokens + more},"
            f"{row.output_tokens},{to_usd(row.cost_nanos):f}"
        )
    usage_import(
        "anthropic", "\n".join(lines).encode(), file_name="usage-of-october.csv", actor=STAFF,
        now=now,
    )
