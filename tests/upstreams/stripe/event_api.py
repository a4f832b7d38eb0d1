"""`/v1/events`: what happened, for those who missed a delivery."""

from fnmatch import fnmatch

from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State


@route("GET", "/v1/events", "event_list")
def list_events(state: State, params: Obj) -> Obj:
    patterns = params.get("types") or [params.get("type", "*")]
    rows = [it for it in state.all("event") if any(fnmatch(it["type"], one) for one in patterns)]
    return page_of(rows, params, url="/v1/events")


@route("GET", "/v1/events/{id}", "event_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    return state.get("event", id)
