"""A frontend of debates, in this process: with a key, a token of a service, or a cookie."""

from dataclasses import dataclass, field
from typing import Any

from django.http.response import HttpResponseBase
from django.test import Client

from accounts.models import User
from accounts.services import api_key_issue
from billing.models import Reservation, Window
from routing.models import Debate

ORDER = {
    "topic": "Should machines have rights?", "cast": {"pro": ["kant"], "con": ["nietzsche"]},
}


@dataclass
class Frontend:
    user: User
    headers: dict[str, str]
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        return self.client.generic(
            method, f"/api/v1/{path}", headers=self.headers | named, **_raw(sent)
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def create(self, **order: Any) -> dict[str, Any]:
        reply = self.post("debates", ORDER | order)
        assert reply.status_code == 201, reply.content
        made: dict[str, Any] = reply.json()
        return made


def _raw(sent: dict[str, Any]) -> dict[str, Any]:
    import json

    if isinstance(sent.get("data"), dict | list):
        sent["data"] = json.dumps(sent["data"])
    return sent


def frontend(user: User, *scopes: str) -> Frontend:
    key = api_key_issue(user=user, scopes=scopes or ("call",), actor="test")[1]
    return Frontend(user, {"authorization": f"Bearer {key}"})


def taken() -> list[Any]:
    """All that was spent or is held anywhere, and how many debates there are."""
    windows = Window.objects.order_by("pk").values_list("scope_kind", "metric", "spent", "held")
    open_states = (Reservation.State.HELD, Reservation.State.SENT)
    return [
        [row for row in windows if row[2] or row[3]],
        Reservation.objects.filter(state__in=open_states).count(), Debate.objects.count(),
    ]


def words_of(reply: HttpResponseBase) -> str:
    return str(reply.json()["detail"])  # type: ignore[attr-defined]
