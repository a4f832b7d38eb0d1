"""The pages of what-ifs: ask, watch, read, stop, keep the table."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from routing import snapshot
from routing.models import RoutePolicy, WhatIfRun
from routing.whatif import work
from routing.whatif.changes import Changes
from routing.whatif.outcome import outcome_of
from tests.routing.whatif.past import (
    DAY,
    HAIKU,
    OPUS,
    SONNET,
    answered,
    cells_with,
    hit,
    house_make,
    refused,
    run_of,
)

HERE = "/dashboard/what-if/"
ONE_DAY = {"from": "2026-11-24", "to": "2026-11-24"}
MINUTE = timedelta(minutes=1)
State = WhatIfRun.State


@pytest.fixture
def staff(db: None, client: Client) -> Iterator[Client]:
    house_make()
    snapshot.forget()
    client.force_login(User.objects.create_superuser("staff@example.org", password="x"))
    yield client
    snapshot.forget()


def fields(**changes: Any) -> dict[str, Any]:
    """The form as the page shows it, with changes."""
    policy = RoutePolicy.objects.get(status="published")
    cells = {
        f"cell.{mode}.{complexity}": " > ".join(classes)
        for mode, row in policy.cells.items() for complexity, classes in row.items()
    }
    return ONE_DAY | {"shown": str(policy.version)} | cells | changes


def asked(staff: Client, **changes: Any) -> WhatIfRun:
    reply = staff.post(f"{HERE}run/", fields(**changes))
    assert reply.status_code == 302, reply.content.decode()
    run = WhatIfRun.objects.latest("pk")
    assert reply["Location"] == f"{HERE}{run.pk}/"
    return run


def page(staff: Client, path: str = HERE) -> str:
    reply = staff.get(path)
    assert reply.status_code == 200
    return reply.content.decode()


def test_calls_that_named_their_model_are_said_to_stay_with_it(staff: Client) -> None:
    answered(DAY + MINUTE)
    answered(DAY + 2 * MINUTE, requested_model=OPUS)
    said = "1 call asked for a model or a class by its name"
    other = asked(staff, **{"cell.hybrid.complex": "mid > economy"})
    assert said in page(staff, f"{HERE}{other.pk}/")
    assert outcome_of(other.result).figures.now.deployments == {SONNET: 1, OPUS: 1}


def test_a_day_is_answered_at_once_and_side_by_side(staff: Client) -> None:
    answered(DAY + MINUTE)
    hit(DAY + 2 * MINUTE)
    refused(DAY + 3 * MINUTE, "quota_exceeded")
    run = asked(staff, **{"cell.hybrid.complex": "mid > economy"})
    assert run.state == State.DONE
    found = outcome_of(run.result)
    assert found.figures.now.deployments == {SONNET: 1}
    shown = page(staff, f"{HERE}{run.pk}/")
    for words in ("Booked then", "Replayed with the changes", "cost exactly what was booked",
                  "Quality is not measured", SONNET, "Savings by lever", "hybrid, complex calls"):
        assert words in shown
    assert AuditEvent.objects.get(action="whatif_run").actor == "staff@example.org"


@pytest.mark.postgresql
def test_a_title_may_hold_anything(staff: Client) -> None:
    assert asked(staff, title="cheaper\x00 ones").title == "cheaper ones"


def test_what_is_left_alone_is_no_change(staff: Client) -> None:
    tiers = {"tier.premium.mode": "hybrid", "tier.premium.debates": "50", "tier.premium.usd": "2",
             "tier.premium.classes": ["local", "economy", "mid", "premium"]}
    run = asked(staff, **tiers)
    assert Changes.of_json(run.changes).is_empty
    assert "Nothing: the rules of then" in page(staff, f"{HERE}{run.pk}/")


def test_all_that_can_be_changed_arrives(staff: Client) -> None:
    run = asked(staff, **{
        f"price.{HAIKU}.output": "9.5", "layer.exact": "off", "layer.pattern": "on",
        "prices_of": "today", "platform_usd": "$12.5", "tier.free.mode": "cloud",
        "tier.free.classes": ["local", "mid"], "tier.free.debates": "", "tier.free.usd": "0.1",
    })
    changes = Changes.of_json(run.changes)
    assert [(each.model, dict(each.prices)) for each in changes.prices] == [
        ("claude-haiku-5-5", {"output": Decimal("9.5")})
    ]
    assert (changes.layers_off, changes.layers_on) == (("exact",), ("pattern",))
    assert (changes.prices_of, changes.platform_day_nanos) == ("today", 12_500_000_000)
    assert changes.tiers == {"free": {
        "route_mode": "cloud", "allowed_classes": ["local", "mid"], "debates_per_day": None,
        "usd_per_day_nanos": 100_000_000,
    }}
    shown = page(staff, f"{HERE}?again={run.pk}")
    for words in ('value="9.5"', 'value="12.5"', 'value="2026-11-24"', 'value="0.1"'):
        assert words in shown


def test_a_version_that_is_chosen_is_frozen_into_the_run(staff: Client) -> None:
    answered(DAY + MINUTE)
    draft = RoutePolicy.objects.create(version=7, cells=cells_with("hybrid", "complex", "mid"))
    run = asked(staff, policy="7")
    draft.cells = cells_with("hybrid", "complex", "economy")
    draft.save()
    assert Changes.of_json(run.changes).policy == 7
    assert outcome_of(run.result).figures.now.deployments == {SONNET: 1}
    assert 'value="7" selected' in page(staff, f"{HERE}?policy=7")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from": "yesterday"}, "Say from which day"),
        ({"from": "2027-01-01", "to": "2027-01-02"}, "have not begun yet"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "at most 400 days"),
        ({"policy": "99"}, "There is no version “99”"),
        ({"cell.hybrid.simple": "huge"}, "is not a model class"),
        ({"cell.hybrid.simple": ""}, "must list at least one"),
        ({f"price.{OPUS}.output": "-1"}, "“-1” is no price"),
        ({"platform_usd": "much"}, "“much” is no price"),
        ({"tier.free.mode": "local", "tier.free.debates": "few"}, "no number of debates"),
    ],
)
def test_a_form_that_cannot_be_understood_says_why(
    staff: Client, changes: dict[str, str], said: str
) -> None:
    reply = staff.post(f"{HERE}run/", fields(**changes))
    assert reply.status_code == 400
    assert said in reply.content.decode()
    assert not WhatIfRun.objects.exists()


def test_a_longer_range_waits_shows_how_far_it_is_and_renews_itself(staff: Client) -> None:
    answered(DAY + MINUTE)
    run = asked(staff, **{"from": "2026-11-20"})
    assert run.state == State.WAITING
    part = staff.get(f"{HERE}{run.pk}/", headers={"HX-Request": "true"})
    assert "as soon as a worker is free" in part.content.decode()
    assert 'data-renew="2"' in part.content.decode()
    work.work()
    part = staff.get(f"{HERE}{run.pk}/", headers={"HX-Request": "true"})
    assert part["HX-Refresh"] == "true"
    assert "data-renew" not in part.content.decode()


def test_a_run_is_stopped_once(staff: Client) -> None:
    run = asked(staff, **{"from": "2026-11-20"})
    staff.post(f"{HERE}{run.pk}/stop/")
    run.refresh_from_db()
    assert run.state == State.STOPPED
    assert "was stopped before its end" in page(staff, f"{HERE}{run.pk}/")
    reply = staff.post(f"{HERE}{run.pk}/stop/", follow=True)
    assert "is over already" in reply.content.decode()


def test_a_table_is_kept_as_a_draft(staff: Client) -> None:
    run = asked(staff, **{"cell.hybrid.complex": "mid"})
    reply = staff.post(f"{HERE}{run.pk}/draft/")
    draft = RoutePolicy.objects.get(status="draft")
    assert reply["Location"] == f"/dashboard/routes/drafts/{draft.version}/"
    assert draft.cells == cells_with("hybrid", "complex", "mid")
    other = asked(staff)
    assert "Save the table" not in page(staff, f"{HERE}{other.pk}/")
    reply = staff.post(f"{HERE}{other.pk}/draft/", follow=True)
    assert "there is none to keep" in reply.content.decode()


def test_the_file_has_the_exact_figures(staff: Client) -> None:
    row = answered(DAY + MINUTE)
    run = asked(staff)
    lines = staff.get(f"{HERE}{run.pk}.csv").content.decode().splitlines()
    assert lines[0].startswith("section,key,then_calls,same_rules_calls,changed_calls,then_nanos")
    assert lines[1].split(",")[:8] == ["total", "", "1", "1", "1", *[str(row.cost_nanos)] * 3]
    waiting = run_of(Changes())
    assert staff.get(f"{HERE}{waiting.pk}.csv").status_code == 404


def test_runs_are_listed_page_by_page(staff: Client) -> None:
    for _ in range(25):
        run_of(Changes())
    first = page(staff)
    oldest = WhatIfRun.objects.order_by("-pk")[19].pk
    assert f"?before={oldest}\">Older<" in first
    second = page(staff, f"{HERE}?before={oldest}")
    assert second.count("a test</a>") == 5
    assert ">Older<" not in second


def test_no_run_yet_says_what_to_do(staff: Client) -> None:
    assert "Nobody has asked yet" in page(staff)


def test_a_failed_run_names_its_reference(staff: Client) -> None:
    run = run_of(Changes())
    WhatIfRun.objects.filter(pk=run.pk).update(state=State.FAILED, failure="abcd1234")
    assert "abcd1234" in page(staff, f"{HERE}{run.pk}/")


def test_the_pages_ask_few_questions_however_many_calls_there_are(staff: Client) -> None:
    for number in range(5):
        answered(DAY + number * MINUTE)
    run = asked(staff, **{"cell.hybrid.complex": "mid"})
    for path, most in ((HERE, 20), (f"{HERE}{run.pk}/", 10)):
        page(staff, path)
        with CaptureQueriesContext(connection) as seen:
            page(staff, path)
        assert len(seen) <= most
        assert not any("billing_usagerecord" in each["sql"] for each in seen.captured_queries)


def test_staff_without_the_permission_look_and_do_not_touch(client: Client, staff: Client) -> None:
    run = asked(staff, **{"cell.hybrid.complex": "mid"})
    client.force_login(User.objects.create_user("reader@example.org", is_staff=True))
    assert "needs the permission" in page(client)
    assert "Save the table" not in page(client, f"{HERE}{run.pk}/")
    assert client.post(f"{HERE}run/", fields()).status_code == 403
    for what in ("stop", "draft"):
        assert client.post(f"{HERE}{run.pk}/{what}/").status_code == 403


def test_no_such_run(staff: Client) -> None:
    assert staff.get(f"{HERE}99999999999/").status_code == 404




def test_often_asked_ones_are_asked_with_one_press(staff: Client) -> None:
    answered(DAY + MINUTE)
    shown = page(staff)
    form = next(
        each for each in shown.split("<form")
        if 'class="button">Without premium models<' in each
    )
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', unescape(form)))
    run = WhatIfRun.objects.get(
        pk=staff.post(f"{HERE}run/", sent | ONE_DAY)["Location"].rstrip("/").rpartition("/")[2]
    )
    cells = Changes.of_json(run.changes).cells
    assert cells
    assert not any("premium" in classes for row in cells.values() for classes in row.values())
    assert run.title.startswith("Without premium models, ")
    found = outcome_of(run.result)
    assert OPUS not in found.figures.now.deployments
