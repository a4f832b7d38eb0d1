"""Where calls and probes go. Loaded without the pages: a gateway worker stays small."""

from django.urls import URLPattern, URLResolver, include, path

from costcontrol import probes
from routing.api.debates import asking, stream

# The same for whoever comes through the door of the pages.
shared: list[URLPattern | URLResolver] = [
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("v1/", include("routing.api.urls")),
    path("api/v1/debates/<str:debate_id>/turns/<str:number>/stream", stream.turn_stream),
    path("api/v1/replays/<str:share_key>/stream", stream.replay_stream),
]
urlpatterns = [
    path("api/v1/debates/<str:debate_id>/turns", asking.turn_ask),
    *shared,
]
