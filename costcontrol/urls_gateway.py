"""Where calls and probes go. Loaded without the pages: a gateway worker stays small."""

from django.urls import include, path

from costcontrol import probes

urlpatterns = [
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("v1/", include("routing.api.urls")),
]
