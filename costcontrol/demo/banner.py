"""What `make demo` prints when the product is up on the made-up data."""

from django.conf import settings

from costcontrol.demo.folder import Marker


def ready(address: str, marker: Marker | None) -> str:
    """The login is shown at every start: it opens nothing but made-up data."""
    if marker is None:
        return f"costcontrol is ready at {address} (a demo)"
    return "\n".join(
        (
            "",
            f"costcontrol is ready at {address} with made-up data ({marker.calls:,} calls)",
            "",
            f"  overview     {address}/dashboard/",
            f"  staff login  {marker.email}   password  {marker.password}",
            f"  API key      {marker.api_key}",
            *_shop(address, marker),
            "",
            "  All providers are simulated: nothing is sent anywhere, and nothing costs money.",
            "  To make the data anew: make demo FRESH=1. Ctrl-C stops everything.",
            "",
        )
    )


def _shop(address: str, marker: Marker) -> list[str]:
    """Who buys a plan, and with which card."""
    if not settings.DEMO_STRIPE:
        return []
    return [
        "",
        f"  plans        {address}/account/plans/   where customers buy; no real money",
        f"  customer     {marker.customer_email}   password  {marker.customer_password}",
        "  card         4242 4242 4242 4242 on a simulated Stripe (other cards: docs/demo.md)",
    ]
