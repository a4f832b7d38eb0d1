"""Whose quota a call is counted against: one's own, or that of the organisation one is in."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import AuditEvent, Member, Organisation, Tier, User
from accounts.services import payer_of, plan_of, tiers_load
from accounts.types import Caller, Payer, TierRules
from billing import debates, ledger
from billing.budgets import (
    Book,
    Rule,
    debates_rule,
    plan_change,
    rules_of_call,
    tier_caps_apply,
    tier_change,
    window_get,
)
from billing.debates import Opener
from billing.holds import NoRoom
from billing.models import Customer, Window
from billing.scopes import UnknownScope, scope_parse
from tests.billing.books import NOW, counters, held
from tests.billing.purses import give, plan

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    tiers_load()


@pytest.fixture
def team() -> Organisation:
    return Organisation.objects.create(name="Team", tier_id="premium")


def person(name: str, team: Organisation | None = None, **more: Any) -> User:
    user = User.objects.create_user(f"{name}@example.com", tier_id="free", **more)
    if team:
        Member.objects.create(organisation=team, user=user)
    return User.objects.get(pk=user.pk)


def rules(user: User, book: Book | None = None, debate_id: str = "") -> list[Rule]:
    caller = Caller.signed_in(user)
    return rules_of_call(
        book or Book([]), tier=caller.tier, payer=caller.payer, user_id=user.pk, key_prefix="k",
        provider="", debate_id=debate_id,
    )


def scopes(found: list[Rule]) -> set[tuple[str, str, str]]:
    return {(rule.scope_kind, rule.scope_id, rule.metric) for rule in found}


def test_who_is_in_no_organisation_pays_alone() -> None:
    alice = person("alice")
    assert (payer_of(alice), plan_of(alice).pk) == (Payer("user", str(alice.pk)), "free")
    assert {kind for kind, _id, _metric in scopes(rules(alice))} == {"user"}


def test_members_share_the_windows_and_the_plan_of_their_organisation(team: Organisation) -> None:
    alice, bob = person("alice", team), person("bob", team)
    assert payer_of(alice) == payer_of(bob) == Payer("org", str(team.pk))
    assert plan_of(alice).pk == Caller.signed_in(bob).tier.name == "premium"
    assert scopes(rules(alice)) == scopes(rules(bob)) == {
        ("org", str(team.pk), metric) for metric in ("usd", "requests", "concurrent")
    }


def test_what_one_member_uses_the_others_cannot(team: Organisation) -> None:
    team.tier = plan(debates_per_day=2)
    team.save()
    alice, bob = person("alice", team), person("bob", team)
    rule = debates_rule(TierRules.of(team.tier), payer_of(alice))
    assert rule
    for user, debate_id in ((alice, "d1"), (bob, "d1")):  # two debates: each has their own d1
        debates.take(rule, Opener(payer_of(user), user.pk, debate_id, uuid4()), now=NOW)
    with pytest.raises(NoRoom):
        debates.take(rule, Opener(payer_of(bob), bob.pk, "d2", uuid4()), now=NOW)
    assert counters(Window.objects.get(scope_kind="org")) == (2, 0)


def test_the_calls_of_a_debate_are_counted_for_its_member(team: Organisation) -> None:
    alice = person("alice", team)
    assert ("debate", f"{alice.pk}:d1", "requests") in scopes(rules(alice, debate_id="d1"))


def test_a_budget_of_their_own_comes_on_top_for_a_member(team: Organisation) -> None:
    alice = person("alice", team)
    own = Rule("user", str(alice.pk), "usd", "month", 7)
    found = rules(alice, Book([own]))
    assert own in found
    assert ("org", str(team.pk), "usd") in scopes(found)


def test_a_budget_of_the_organisation_replaces_the_ceiling_of_its_plan(team: Organisation) -> None:
    own = Rule("org", str(team.pk), "usd", "month", 7)
    found = [rule for rule in rules(person("alice", team), Book([own])) if rule.metric == "usd"]
    assert found == [own]


def test_only_limits_of_the_plan_can_be_stood_in_for(team: Organisation) -> None:
    own = Rule("user", "0", "usd", "month", 7)
    found = rules(person("alice", team), Book([own]), debate_id="d1")
    assert {rule.metric for rule in found if rule.is_quota} == {"usd"}
    assert {rule.metric for rule in rules(person("bob")) if rule.is_quota} == {"usd", "requests"}


def test_an_end_user_of_a_member_pays_alone(team: Organisation) -> None:
    alice = person("alice", team)
    end_user = User.objects.create(owner=alice, external_id="x", tier_id="free")
    assert payer_of(end_user).kind == "user"


# --- another plan ---------------------------------------------------------------------------


def open_windows(team: Organisation) -> dict[str, Window]:
    member = team.members.select_related("user").first()
    assert member
    refs = [window_get(rule, now=NOW) for rule in rules(member.user)]
    return {ref.rule.metric: Window.objects.get(pk=ref.id) for ref in refs}


def test_a_new_plan_of_an_organisation_moves_its_open_windows(team: Organisation) -> None:
    person("alice", team)
    before = open_windows(team)
    ledger.settle(held(before["requests"], amount=7), charged=7)
    free, payer = Tier.objects.get(pk="free"), Payer("org", str(team.pk))
    because = {"event": "evt_1"}
    assert plan_change(payer=payer, tier=free, actor="stripe", at=NOW, because=because)
    window = Window.objects.get(pk=before["requests"].pk)
    assert (window.cap, window.spent) == (300, 7)
    team.refresh_from_db()
    assert team.tier_id == "free"
    event = AuditEvent.objects.get(action="tier_change")
    assert (event.actor, event.target) == ("stripe", f"org:{team.pk} Team")
    assert event.after == {"tier": "free", "because": because}


def test_the_same_plan_again_is_no_change(team: Organisation) -> None:
    payer = Payer("org", str(team.pk))
    assert not plan_change(payer=payer, tier=team.tier, actor="stripe", at=NOW)
    assert not AuditEvent.objects.exists()


def test_who_is_gone_has_no_plan_to_change() -> None:
    free = Tier.objects.get(pk="free")
    assert not plan_change(payer=Payer("user", "999"), tier=free, actor="stripe", at=NOW)


def test_a_plan_by_hand_is_also_the_one_without_a_subscription() -> None:
    alice = person("alice")
    customer = Customer.objects.create(user=alice)
    tier_change(user=alice, tier=Tier.objects.get(pk="premium"), actor="staff", at=NOW)
    customer.refresh_from_db()
    assert (customer.base_tier_id, alice.tier_id) == ("premium", "premium")


def test_an_edited_plan_reaches_organisations_too(team: Organisation) -> None:
    person("alice", team)
    window = open_windows(team)["concurrent"]
    Tier.objects.filter(pk="premium").update(concurrent_calls=3)
    assert tier_caps_apply(tier=Tier.objects.get(pk="premium"), at=NOW) == 1
    assert Window.objects.get(pk=window.pk).cap == 3


def test_a_window_of_an_organisation_is_made_with_the_plan_of_now(team: Organisation) -> None:
    alice = person("alice", team)
    old = rules(alice)
    Organisation.objects.update(tier="free")
    caps = {rule.metric: Window.objects.get(pk=window_get(rule, now=NOW).id).cap for rule in old}
    assert caps == {"usd": 50_000_000, "requests": 300, "concurrent": 3}


# --- debates beyond the plan ----------------------------------------------------------------


def test_a_debate_that_does_not_fit_is_opened_beyond_the_plan_if_there_is_credit() -> None:
    alice = person("alice")
    rule = Rule("user", str(alice.pk), "debates", "day", 0, is_quota=True)
    opener = Opener(payer_of(alice), alice.pk, "d1", uuid4())
    User.objects.update(tier=plan(debates_per_day=0))
    with pytest.raises(NoRoom):
        debates.take(rule, opener, now=NOW)
    give(Customer.objects.create(user=alice), 100)
    debates.take(rule, opener, now=NOW)
    assert debates.is_beyond(alice.pk, "d1")
    assert counters(Window.objects.get(metric="debates")) == (0, 0)
    assert ledger.differences() == []


def test_other_processes_know_that_it_was_and_it_stays_so() -> None:
    alice = person("alice")
    User.objects.update(tier=plan(debates_per_day=0))
    rule = Rule("user", str(alice.pk), "debates", "day", 0, is_quota=True)
    opener = Opener(payer_of(alice), alice.pk, "d1", uuid4())
    give(Customer.objects.create(user=alice), 100)
    debates.take(rule, opener, now=NOW)
    User.objects.update(tier="enterprise")
    Window.objects.filter(metric="debates").update(cap=9)
    debates._taken.clear()
    debates.take(rule, opener, now=NOW)
    assert debates.is_beyond(alice.pk, "d1")
    assert counters(Window.objects.get(metric="debates")) == (0, 0)


# --- how staff write it ---------------------------------------------------------------------


def test_an_organisation_is_named_or_numbered(team: Organisation) -> None:
    assert scope_parse("org:team") == scope_parse(f"org:{team.pk}") == ("org", str(team.pk))


@pytest.mark.parametrize("text", ["org:nobody", "org:", "org:99999", "credit:user:1", "overage:x"])
def test_what_there_is_none_of_is_said(text: str) -> None:
    with pytest.raises(UnknownScope):
        scope_parse(text)


def test_two_of_a_name_are_told_apart_by_number(team: Organisation) -> None:
    other = Organisation.objects.create(name="TEAM", tier_id="free")
    with pytest.raises(UnknownScope, match="Several"):
        scope_parse("org:team")
    assert scope_parse(f"org:{other.pk}") == ("org", str(other.pk))
