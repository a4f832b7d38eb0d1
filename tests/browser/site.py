"""The product on an address of its own, as it runs in production, with rows of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.test import Client

from accounts.models import User
from billing import rollups
from billing.models import ModelPrice
from costcontrol.lib import clock
from tests.browser import rows
from tests.browser.bills import SONNET_PRICE, bills_make
from tests.browser.customers import customers_make
from tests.browser.debates import debates_make
from tests.browser.limits import limits_make
from tests.browser.stored import stored_make
from tests.flows.rows import connected_to, name_of, new_database
from tests.flows.server import Gateway
from tests.services import precompute_rows, whatif_rows
from tests.services.correction_rows import correction_make

OPENAI = "https://api.openai.com/v1"  # at any other address it may work without a key


@dataclass(frozen=True)
class Site:
    """`sessions` are the cookies of people who have signed in, by email."""

    url: str
    sessions: dict[str, str]

    def cookie(self, email: str) -> dict[str, str]:
        name = settings.SESSION_COOKIE_NAME
        return {"name": name, "value": self.sessions[email], "url": self.url}


@contextmanager
def running_site(folder: Path, *, has_calls: bool) -> Iterator[Site]:
    """Migrated, with the default rows and two people; with calls of 24 days, or none yet."""
    with new_database(folder) as database_url, connected_to(name_of(database_url)):
        rows.people_make()
        if has_calls:
            rows.traffic_make()
            customers_make()
            bob, alice = (User.objects.get(email=who) for who in (rows.CUSTOMER, rows.STAFF))
            debates_make(bob, alice)
            stored_make(bob)
            limits_make(bob)
            precompute_rows.run_make()
            precompute_rows.draft_make()
            whatif_rows.ratings_make()
            whatif_rows.whatif_make(start=rows.FIRST_DAY, days=rows.DAYS)
            rollups.catch_up(now=clock.now())
            correction_make(
                ModelPrice.objects.get(pk=SONNET_PRICE), start=rows.FIRST_DAY,
                end=rows.FIRST_DAY + timedelta(days=rows.DAYS // 2),
            )
            bills_make()
        everybody = User.objects.filter(email__isnull=False).values_list("email", flat=True)
        sessions = {who: session_of(who) for who in everybody if who}
        server = Gateway(
            folder, DATABASE_URL=database_url, REDIS_URL=settings.REDIS_URL,
            SECRET_KEY=settings.SECRET_KEY, OPENAI_BASE_URL=OPENAI,
        )
        try:
            server.wait_until_ready()
            yield Site(server.url, sessions)
        finally:
            server.stop()


def session_of(email: str) -> str:
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client.cookies[settings.SESSION_COOKIE_NAME].value
