"""Who walks, and whose rows they walk past: a customer, an organisation, and what names them.

Every row that belongs to somebody carries a word that is nowhere else, so that it is seen on a page
of anybody else's.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts import invitations
from accounts.models import ApiKey, AuditEvent, Member, Organisation, User
from accounts.services import api_key_issue
from accounts.types import Payer
from billing.models import (
    Budget,
    Customer,
    Invoice,
    ModelPrice,
    PlanPrice,
    SpendingAlert,
    StripeEvent,
    StripeRequest,
    Subscription,
    UsageRecord,
)
from billing.models_operator import AlertChannel, AlertRule, SavedView
from billing.payments import services as payments
from costcontrol.lib import clock
from routing.models import (
    Debate,
    Deployment,
    Philosopher,
    PrecomputeRun,
    StoredAnswer,
    TopicAlias,
    TopicMatch,
    Turn,
)
from tests.services.correction_rows import correction_make
from tests.services.precompute_rows import draft_make
from tests.services.whatif_rows import whatif_make

NOBODY, SELF, OTHER = "nobody", "self", "other"
MEMBER, BILLING, OWNER = "member", "billing", "owner"
BARE, STAFF = "bare staff", "staff"  # without a second factor, and with
ROLES = (NOBODY, SELF, OTHER, MEMBER, BILLING, OWNER, BARE, STAFF)
PEOPLE = ROLES[1:]
ORG = frozenset({MEMBER, BILLING, OWNER})


@dataclass
class World:
    """`seen_by`: which roles may see a word. `params`: what stands in addresses, by their names."""

    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    seen_by: dict[str, frozenset[str]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    shared: dict[Any, list[Any]] = field(default_factory=dict)  # rows that are no single person's

    def word(self, what: str, *roles: str) -> str:
        """A new one, to be seen by these and by staff."""
        word = f"{what}{uuid4().hex[:10]}"
        self.seen_by[word] = frozenset({*roles, STAFF})
        return word

    def strange_words(self, text: str, role: str) -> list[str]:
        return [word for word, roles in self.seen_by.items() if role not in roles and word in text]


def world_make() -> World:
    call_command("load_defaults", stdout=StringIO())
    world = World()
    for role in PEOPLE:
        person_make(world, role)
    organisation_make(world)
    customer_rows(world, payments.customer_of(Payer("user", str(world.users[SELF].pk))), SELF)
    for role, user in world.users.items():
        world.sessions[role] = sign_in(user)
    links_make(world)
    world.params |= store_make() | limits_make(world) | view_make(world) | routes_make()
    world.shared = {model: list(model.objects.values_list("pk", flat=True)) for model in OF_NOBODY}
    mine = UserSession.objects.get(user=world.users[SELF])
    world.params |= {"session_id": mine.pk}
    return world


def person_make(world: World, role: str) -> None:
    """With a confirmed address, a key of their own, and a second factor unless they are `bare`."""
    seen = ORG if role in ORG else {role}  # members know each other's addresses
    email = f"{world.word('mail', *seen)}@example.org"
    is_staff = role in (BARE, STAFF)
    user = User.objects.create_user(email, uuid4().hex, is_staff=is_staff, is_superuser=is_staff)
    api_key_issue(user=user, name=world.word("key", role), actor="test")
    if role == STAFF:
        TOTP.activate(user, generate_totp_secret())
    world.users[role] = user


def organisation_make(world: World) -> None:
    organisation = Organisation.objects.create(name=world.word("org", *ORG), tier_id="enterprise")
    for role in sorted(ORG):
        Member.objects.create(organisation=organisation, user=world.users[role], role=role)
    email = f"{world.word('invited', OWNER)}@example.org"
    _row, secret = invitations.invite(
        organisation, by=world.users[OWNER], email=email, role="member", now=clock.now()
    )
    customer = payments.customer_of(Payer("org", str(organisation.pk)))
    customer_rows(world, customer, BILLING, OWNER)
    world.params |= {"secret": secret, "invited": email, "whose": world.users[MEMBER].uuid}


def customer_rows(world: World, customer: Customer, *roles: str) -> None:
    """Invoices, alerts and calls: the last ones that are made are those of the addresses."""
    now = clock.now()
    customer.stripe_id, customer.frozen_at = world.word("cus_", *roles), now
    customer.currency, customer.card = "usd", f"visa {world.word('card', *roles)}"
    customer.save()
    Subscription.objects.create(
        customer=customer, stripe_id=world.word("sub_", *roles), status="past_due", seen_at=now,
        tier_id="premium", currency="usd", amount_minor=1900, period_start=now,
        period_end=now + timedelta(days=20), past_due_since=now,
    )
    Invoice.objects.create(
        customer=customer, stripe_id=world.word("in_", *roles), number=world.word("NO", *roles),
        status="open", subject="Premium", currency="usd", total_minor=1900, created_at=now,
        page_url=f"https://invoice.example/{world.word('page', *roles)}",
    )
    alert = SpendingAlert.objects.create(customer=customer, kind="quota_percent", threshold=73)
    event = StripeEvent.objects.create(
        id=world.word("evt_", *roles).replace("-", "_"), type="invoice.paid", created_at=now,
        received_at=now, next_try_at=now, is_live=False, state="failed",
        stripe_customer=customer.stripe_id,
    )
    call = call_make(world, customer, *roles)
    world.params |= {
        "alert_id": alert.pk, "customer_id": customer.pk, "event_id": event.pk,
        "call_id": call.call_id, "debate_name": call.debate_id,
    }


def call_make(world: World, customer: Customer, *roles: str) -> UsageRecord:
    user = customer.user or world.users[OWNER]
    return UsageRecord.objects.create(
        call_id=uuid4(), attempt=0, at=clock.now(), user_id=user.pk, outcome="refused",
        tier="premium", requested_model="auto", error_code="quota_exceeded",
        debate_id=world.word("debate", *roles), reason=world.word("reason", *roles),
    )


def links_make(world: World) -> None:
    """What emails hold, and what the pages of one customer link to."""
    mine = world.users[SELF]
    second = EmailAddress.objects.create(user=mine, email=f"{world.word('new', SELF)}@example.org")
    factor = Authenticator.objects.create(
        user=mine, type=Authenticator.Type.WEBAUTHN,
        data={"name": world.word("passkey", SELF), "credential": passkey()},
    )
    customer = Customer.objects.get(user=mine)
    begun = StripeRequest.objects.create(
        customer=customer, kind="checkout", result_id=world.word("cs_", SELF),
        created_at=clock.now(),
    )
    world.params |= {
        "checkout": begun.result_id, "pk": factor.pk,
        "prefix": ApiKey.objects.get(user=mine).prefix,
        "lookup_key": PlanPrice.objects.filter(is_offered=True, tier="premium").first().lookup_key,
        "confirm_key": EmailConfirmationHMAC(second).key,
        "philosopher": philosopher_make(world), "topic": "t001", **debates_make(world),
        "uidb36": user_pk_to_url_str(mine), "reset_key": default_token_generator.make_token(mine),
    }


def philosopher_make(world: World) -> str:
    return Philosopher.objects.create(
        key="own-1", owner_id=world.users[SELF].pk, name_ko=world.word("own", SELF), name_en="x",
        card={"en": {"essence": world.word("essence", SELF)}},
    ).key


def debates_make(world: World) -> dict[str, Any]:
    """One that is on, and one that everybody may watch; its context stays theirs."""
    mine, now = world.users[SELF], clock.now()
    cast = {side: [{"key": "kant", "version": 1, "name_ko": "x", "name_en": "x"}]
            for side in ("pro", "con")}
    facts: dict[str, Any] = {"user_id": mine.pk, "cast": cast, "language": "en", "format": "1v1",
                             "created_at": now, "context": world.word("context", SELF)}
    shown = Debate.objects.create(
        topic="A", status="finished", is_public=True, share_key=uuid4().hex, **facts
    )
    debate = Debate.objects.create(topic=world.word("topic", SELF), **facts)
    said = {"number": 1, "step": 0, "stage": "opening", "status": "completed", "source": "live",
            "kind": "moderator_intro", "created_at": now, "completed_at": now}
    Turn.objects.create(debate=shown, text="Welcome.", **said)
    turn = Turn.objects.create(debate=debate, text=world.word("said", SELF), **said)
    return {"debate_id": debate.pk, "number": 1, "message_id": turn.pk,
            "share_key": shown.share_key}


def store_make() -> dict[str, Any]:
    """A stored answer, one that was purged, and other words for a topic that nobody decided on."""
    now = clock.now()
    facts: dict[str, Any] = {
        "kind": "opening_statement", "topic_key": "t001", "philosopher": "kant", "language": "en",
        "route": "premium x/y", "text": "I say.", "deployment": "x/y", "model_class": "premium",
        "origin": "live", "made_at": now, "soft_until": now + timedelta(days=9),
        "hard_until": now + timedelta(days=9), "call_id": uuid4(),
    }
    answer = StoredAnswer.objects.create(key="a" * 64, variant=0, **facts)
    StoredAnswer.objects.create(
        key="b" * 64, variant=0, ended_at=now, ended_why="purged", **facts
    )
    purge = AuditEvent.objects.create(
        actor="test", action="answers_purge", target="x", after={"ended": 1, "at": now.isoformat()}
    )
    words = TopicAlias.objects.create(
        norm="is it so", text="Is it so?", language="en", topic_id="t001", status="proposed",
        source="chosen", created_at=now,
    )
    match = TopicMatch.objects.create(
        topic_id="t001", language="en", embedder="x", embedder_name="x", text="Is it so now?",
        similarity=0.9, at=now,
    )
    return {"answer_id": answer.pk, "purge_id": purge.pk, "alias_id": words.pk,
            "match_id": match.pk, "run_id": draft_make().pk, "philosopher_key": "kant",
            "caches_chart_id": "saved"}


def limits_make(world: World) -> dict[str, Any]:
    """A budget, a rule and a channel of alerts, and the user whom staff slow down."""
    now, who = clock.now(), {"made_by": "test"}
    rule = AlertRule.objects.create(kind="budget", threshold=80, made_at=now, **who)
    channel = AlertChannel.objects.create(
        kind="email", name="ops", address="ops@example.org", made_at=now
    )
    budget = Budget.objects.create(scope_kind="tier", scope_id="premium", cap_nanos=10**9)
    return {"budget_id": budget.pk, "rule_id": rule.pk, "channel_id": channel.pk,
            "user_id": world.users[SELF].pk}


def routes_make() -> dict[str, Any]:
    """A draft of the routing table, a what-if run, and a model that can be switched."""
    start, price = clock.now() - timedelta(days=2), ModelPrice.objects.earliest("pk")
    run = whatif_make(start=start)
    correction = correction_make(price, start=start, end=start + timedelta(days=1))
    return {"whatif_id": run.pk, "version": run.changes["policy"], "routes_csv_name": "rules",
            "deployment_id": Deployment.objects.earliest("pk").pk,
            "price_id": price.pk, "correction_id": correction.pk}


def view_make(world: World) -> dict[str, Any]:
    """A saved view of somebody else's: nobody but its owner changes it."""
    view = SavedView.objects.create(
        owner_id=world.users[SELF].pk, page="calls", name="Theirs", is_shared=True,
        made_at=clock.now(),
    )
    return {"view_id": view.pk}


def passkey() -> dict[str, Any]:
    """What a browser answers when it has made one."""
    name = uuid4().bytes
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    made = AuthenticatorData.create(
        bytes(32), AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0,
        AttestedCredentialData.create(bytes(16), name, public),
    )
    said = CollectedClientData.create("webauthn.create", b"x", "http://testserver")
    response = {
        "clientDataJSON": websafe_encode(said),
        "attestationObject": websafe_encode(AttestationObject.create("none", made, {})),
    }
    return {
        "id": websafe_encode(name), "rawId": websafe_encode(name), "type": "public-key",
        "response": response, "clientExtensionResults": {},
    }


def sign_in(user: User) -> str:
    """A session as allauth keeps it right after the password and the second factor."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        record | {"at": time.time(), "reauthenticated": True}
        for record in ({"method": "password"}, {"method": "mfa", "type": "totp"})
    ]
    session.save()
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="a browser"
    )
    return client.cookies[settings.SESSION_COOKIE_NAME].value


# --- what must not change ------------------------------------------------------------------------

OWNED: Mapping[Any, str] = {
    User: "pk", ApiKey: "user_id", EmailAddress: "user_id", Authenticator: "user_id",
    UserSession: "user_id", Member: "user_id", Customer: "user_id", UsageRecord: "user_id",
    Subscription: "customer__user_id", Invoice: "customer__user_id",
    SpendingAlert: "customer__user_id", Philosopher: "owner_id", Debate: "user_id",
    Turn: "debate__user_id", PrecomputeRun: "created_by", SavedView: "owner_id",
}
OF_NOBODY = (Organisation, invitations.Invitation, StripeEvent, StoredAnswer, TopicAlias,
             TopicMatch)
VOLATILE = {"last_login", "last_seen_at", "last_used_at", "synced_at", "seen_at"}


def queries(world: World, role: str) -> list[tuple[str, Any]]:
    """For all rows but the walker's own; for `self`, those too: they may be changed."""
    mine = world.users[role].pk if role in world.users and role != SELF else None
    tables = [model.objects.exclude(**{path: mine}) for model, path in OWNED.items()]
    tables += [model.objects.filter(pk__in=world.shared[model]) for model in OF_NOBODY]
    chosen = [table.order_by("pk").values_list(*columns(table.model)) for table in tables]
    return [each.query.sql_with_params() for each in chosen]


def columns(model: Any) -> list[str]:
    names = [one.attname for one in model._meta.concrete_fields]
    return [name for name in names if name not in VOLATILE]


def rows(wanted: list[tuple[str, Any]]) -> list[Any]:
    found = []
    with connection.cursor() as cursor:
        for sql, params in wanted:
            cursor.execute(sql, params)
            found.append(cursor.fetchall())
    return found
