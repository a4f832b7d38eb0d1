"""Where calls and probes go. Loaded without the pages: a gateway worker stays small."""

from django.urls import include, path

from costcontrol import probes
from routing.api.debates import stream

urlpatterns = [
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("v1/", include("routing.api.urls")),
    path("api/v1/debates/<str:debate_id>/turns/<str:number>/stream", stream.turn_stream),
    path("api/v1/replays/<str:share_key>/stream", stream.replay_stream),
]
