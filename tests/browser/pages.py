"""Every page, and how it is reached. A new page is one line in PAGES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from playwright.sync_api import Page

from tests.browser import bills, debates, limits, stored
from tests.browser.customers import PAST_DUE, PAYING
from tests.browser.rows import (
    CACHED,
    COMPLETE,
    CUSTOMER,
    FAILED_ONCE,
    OPUS,
    PASSWORD,
    RANGE,
    REFUSED,
    STAFF,
)

Exceptions = Mapping[str, str]  # an axe rule, and why this page may break it

ESTIMATE = ("/api/v1/debates/estimate",)
ADMIN_READY = "body:has(#site-name)"
NO_DAYS = "from=2026-09-01&to=2026-09-02"
NOTHING = f"from=2026-10-28&to=2026-10-28&tier=enterprise&language=ko&deployment={OPUS}"
OF_DJANGO = {"link-in-text-block": "Django's own breadcrumbs are told apart by their place"}
OF_SWAGGER_UI = {
    "color-contrast": "Swagger UI's own palette",
    "heading-order": "Swagger UI begins with a second h2",
    "landmark-main-is-top-level": "Swagger UI brings a main of its own",
    "landmark-no-duplicate-main": "Swagger UI brings a main of its own",
    "landmark-unique": "Swagger UI brings a main of its own",
    "nested-interactive": "Swagger UI's rows hold buttons in buttons",
    "target-size": "Swagger UI's paths are links of one line",
}


def wrong_password(page: Page) -> None:
    page.locator("input[name=login]").fill(STAFF)
    page.locator("input[name=password]").fill("wrong")
    with page.expect_navigation():
        page.locator("main form button.primary").click()


def make_key(page: Page) -> None:
    page.locator("input[name=name]").fill("laptop")
    with page.expect_navigation():
        page.locator("main form button.primary").click()


def set_up_factor(page: Page) -> None:
    """The password is asked for again first, unless it was given for the look before."""
    if page.locator("input[name=password]").count():
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main form button").first.click()
    page.locator("img.qr").wait_for()


@dataclass(frozen=True)
class PageCase:
    """`then` is what the reader does on it. `ready` appears when all of it is there.

    `charts` is how many of them have something to show. Pages that are not of our own making
    (`is_ours` False) are looked at as they are loaded, and may be wider than a phone. `asks` are
    parts of addresses that its script may be refused, as there is no model here that answers.
    """

    name: str
    path: str
    user: str = ""
    has_calls: bool = False
    status: int = 200
    then: Callable[[Page], None] | None = None
    ready: str = "body[data-ready]"
    charts: int = 0
    is_ours: bool = True
    asks: tuple[str, ...] = ()
    axe_exceptions: Exceptions = field(default_factory=dict)


def play_replay(page: Page) -> None:
    """From its beginning; then all of it again."""
    page.locator("#play").click()
    page.locator(".turn").first.wait_for()
    page.locator("#all").click()
    page.locator(".turn").nth(8).wait_for()


def admin(name: str, path: str) -> PageCase:
    return PageCase(
        name, f"/admin/{path}", STAFF, ready=ADMIN_READY, is_ours=False, axe_exceptions=OF_DJANGO
    )


PAGES = (
    PageCase("home", "/"),
    PageCase("login", "/login/"),
    PageCase("login-wrong-password", "/login/", then=wrong_password),
    PageCase("sign-up", "/signup/"),
    PageCase("password-forgotten", "/password/reset/"),
    PageCase("link-used-up", "/confirm-email/used:up/"),
    PageCase("security", "/account/security/", CUSTOMER),
    PageCase("second-factor", "/2fa/", CUSTOMER),
    PageCase("sessions", "/sessions/", CUSTOMER),
    PageCase("email-addresses", "/email/", CUSTOMER),
    PageCase("profile", "/account/profile/", CUSTOMER),
    PageCase("not-found", "/nowhere/", status=404),
    PageCase("overview", f"/dashboard/?{RANGE}", STAFF, has_calls=True, charts=7),
    PageCase("overview-first-run", "/dashboard/", STAFF),
    PageCase("overview-nothing-found", f"/dashboard/?{NOTHING}", STAFF, has_calls=True, charts=1),
    PageCase("overview-no-days", f"/dashboard/?{NO_DAYS}", STAFF, has_calls=True, charts=1),
    PageCase("own-usage", "/account/", CUSTOMER),
    PageCase("plans", "/account/plans/", CUSTOMER),
    PageCase("plan", "/account/plans/premium_month_usd/", CUSTOMER),
    PageCase("invoices-none", "/account/invoices/", CUSTOMER),
    PageCase("alerts", "/account/alerts/", CUSTOMER),
    PageCase("own-keys", "/account/keys/", CUSTOMER),
    PageCase("own-key-new", "/account/keys/", CUSTOMER, then=make_key),
    PageCase("organisation", "/account/organisation/", CUSTOMER),
    PageCase("own-data", "/account/data/", CUSTOMER),
    PageCase("paying-usage", "/account/", PAYING, has_calls=True, charts=1),
    PageCase("paying-plans", "/account/plans/", PAYING, has_calls=True),
    PageCase("paying-cancel", "/account/plans/cancel/", PAYING, has_calls=True),
    PageCase("paying-invoices", "/account/invoices/", PAYING, has_calls=True),
    PageCase("paying-alerts", "/account/alerts/", PAYING, has_calls=True),
    PageCase("paying-keys", "/account/keys/", PAYING, has_calls=True),
    PageCase("past-due-usage", "/account/", PAST_DUE, has_calls=True),
    PageCase("past-due-plans", "/account/plans/", PAST_DUE, has_calls=True),
    PageCase("past-due-invoices", "/account/invoices/", PAST_DUE, has_calls=True),
    PageCase("revenue", "/dashboard/revenue/", STAFF, has_calls=True, charts=4),
    PageCase("revenue-customers", "/dashboard/revenue/customers/", STAFF, has_calls=True),
    PageCase("second-factor-app", "/2fa/totp/activate/", CUSTOMER, then=set_up_factor),
    PageCase("no-access", "/dashboard/", CUSTOMER, status=403),
    PageCase("calls", f"/dashboard/calls/?{RANGE}", STAFF, has_calls=True),
    PageCase("calls-none-yet", "/dashboard/calls/", STAFF),
    PageCase("calls-nothing-found", f"/dashboard/calls/?{NOTHING}", STAFF, has_calls=True),
    *(
        PageCase(f"call-{name}", f"/dashboard/calls/{call_id}/", STAFF, has_calls=True)
        for name, call_id in (
            ("complete", COMPLETE), ("failed-once", FAILED_ONCE), ("cached", CACHED),
            ("refused", REFUSED),
        )
    ),
    PageCase("debate-costs", f"/dashboard/debates/?{RANGE}&order=dearest", STAFF, has_calls=True),
    PageCase("debate-costs-none-yet", "/dashboard/debates/", STAFF),
    PageCase("debate-cost", "/dashboard/debates/debate-12/", STAFF, has_calls=True, charts=1),
    PageCase("explorer", f"/dashboard/explorer/?{RANGE}&group=kind&tier=premium", STAFF,
             has_calls=True, charts=1),
    PageCase("explorer-none-yet", "/dashboard/explorer/?provider=none", STAFF),
    PageCase("movers", "/dashboard/movers/?from=2026-11-10&to=2026-11-18", STAFF, has_calls=True),
    PageCase("saved-views", "/dashboard/views/", STAFF, has_calls=True),
    PageCase("savings", f"/dashboard/savings/?{RANGE}", STAFF, has_calls=True, charts=2),
    PageCase("forecast", "/dashboard/forecast/", STAFF, has_calls=True, charts=1),
    PageCase("questions", "/dashboard/questions/", STAFF, has_calls=True),
    PageCase("own-hardware", "/dashboard/roi/", STAFF, has_calls=True, charts=1),
    PageCase("monthly-report", "/dashboard/report/?month=2026-11", STAFF, has_calls=True),
    PageCase("budgets", "/dashboard/budgets/", STAFF, has_calls=True),
    PageCase("budget", f"/dashboard/budgets/{limits.PLATFORM}/?cap=1", STAFF, has_calls=True),
    PageCase("budget-alerts", "/dashboard/budgets/alerts/", STAFF, has_calls=True),
    PageCase("alert-rules", "/dashboard/budgets/rules/", STAFF, has_calls=True),
    PageCase("alert-rule", f"/dashboard/budgets/rules/{limits.RULE}/", STAFF, has_calls=True),
    PageCase("alert-channels", "/dashboard/budgets/channels/", STAFF, has_calls=True),
    PageCase("throttle", "/dashboard/budgets/users/1/throttle/", STAFF, has_calls=True),
    PageCase("users", f"/dashboard/users/?{RANGE}", STAFF, has_calls=True),
    PageCase("user", f"/dashboard/users/2/?{RANGE}", STAFF, has_calls=True, charts=1),
    PageCase("experiments", f"/dashboard/experiments/?{RANGE}", STAFF, has_calls=True),
    PageCase("live-calls", "/dashboard/live/", STAFF, has_calls=True),
    PageCase("settings", "/dashboard/settings/", STAFF, has_calls=True),
    PageCase("settings-provider", "/dashboard/settings/providers/1/", STAFF, has_calls=True),
    PageCase("settings-price", f"/dashboard/settings/prices/{bills.PRICE}", STAFF, has_calls=True),
    PageCase("settings-correct", f"/dashboard/settings/prices/{bills.SONNET_PRICE}/correct/", STAFF,
             has_calls=True),
    PageCase("settings-corrections", "/dashboard/settings/corrections/", STAFF, has_calls=True),
    PageCase("settings-correction", "/dashboard/settings/corrections/1/", STAFF, has_calls=True),
    PageCase("reconciliation", "/dashboard/reconciliation/", STAFF, has_calls=True),
    PageCase("audit-log", "/dashboard/audit/", STAFF, has_calls=True),
    PageCase("savings-none-yet", "/dashboard/savings/", STAFF),
    PageCase("debate-cost-unknown", "/dashboard/debates/nobodys/", STAFF, status=404),
    PageCase("caches", f"/dashboard/caches/?{stored.DAYS}", STAFF, has_calls=True, charts=2),
    PageCase("caches-none-yet", "/dashboard/caches/", STAFF),
    PageCase(
        "caches-answers", "/dashboard/caches/answers/?order=served", STAFF, has_calls=True
    ),
    PageCase(
        "caches-answer", f"/dashboard/caches/answers/{stored.OPENING}/", STAFF, has_calls=True
    ),
    PageCase(
        "caches-philosopher", f"/dashboard/caches/philosophers/{stored.PERSON}/", STAFF,
        has_calls=True,
    ),
    PageCase(
        "caches-topics", "/dashboard/caches/topics/", STAFF, has_calls=True, charts=1
    ),
    PageCase(
        "caches-purge", "/dashboard/caches/purge/?everything=1", STAFF, has_calls=True
    ),
    PageCase("call-unknown", f"/dashboard/calls/{UUID(int=5)}/", STAFF, status=404),
    PageCase("debates", "/play/", CUSTOMER, has_calls=True, asks=ESTIMATE),
    PageCase("debates-none-yet", "/play/", CUSTOMER, asks=ESTIMATE),
    *(
        PageCase(f"debate-{name}", f"/play/{debate_id}/", user, has_calls=True)
        for name, user, debate_id in (
            ("finished", CUSTOMER, debates.FINISHED), ("open", CUSTOMER, debates.OPEN),
            ("running", CUSTOMER, debates.RUNNING), ("failed", CUSTOMER, debates.BROKEN),
            ("ones-turn", CUSTOMER, debates.ONES_TURN), ("for-staff", STAFF, debates.FOR_STAFF),
        )
    ),
    PageCase("replay", f"/replays/{debates.SHARED}/", has_calls=True, then=play_replay),
    PageCase("replay-gone", "/replays/taken-back/", status=404),
    PageCase("precompute", "/dashboard/precompute/", STAFF, has_calls=True),
    PageCase("precompute-none-yet", "/dashboard/precompute/", STAFF),
    PageCase("precompute-run", "/dashboard/precompute/1/", STAFF, has_calls=True),
    PageCase("precompute-draft", "/dashboard/precompute/2/", STAFF, has_calls=True),
    PageCase("routes", f"/dashboard/routes/?{RANGE}", STAFF, has_calls=True, charts=1),
    PageCase("routes-none-yet", "/dashboard/routes/", STAFF),
    PageCase("routes-draft", "/dashboard/routes/drafts/2/", STAFF, has_calls=True),
    PageCase("routes-model", "/dashboard/routes/models/1/", STAFF, has_calls=True),
    PageCase("what-if", "/dashboard/what-if/?policy=2", STAFF, has_calls=True),
    PageCase("what-if-run", "/dashboard/what-if/1/", STAFF, has_calls=True, charts=1),
    PageCase("revenue-none-yet", "/dashboard/revenue/", STAFF),
    PageCase("revenue-customers-none", "/dashboard/revenue/customers/", STAFF),
    PageCase("revenue-simulator", "/dashboard/revenue/simulator/?usd=22&leave=5", STAFF),
    PageCase("health", "/dashboard/health/", STAFF),
    admin("admin-index", ""),
    admin("admin-budget", "billing/budget/1/change/"),
    admin("admin-philosopher", "routing/philosopher/1/change/"),
    PageCase(
        "api-docs", "/api/docs/", ready="body[data-ready]:has(.opblock)", is_ours=False,
        axe_exceptions=OF_SWAGGER_UI,
    ),
)
