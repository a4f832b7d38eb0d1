"""Addresses of the staff pages."""

from django.urls import path

from costcontrol.dashboard import call_views, views

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("health/", views.health, name="health"),
    path("first-call/", views.first_call, name="first_call"),
    path("calls/", call_views.calls, name="calls"),
    path("calls.csv", call_views.calls_csv, name="calls_csv"),
    path("calls/<uuid:call_id>/", call_views.call, name="call"),
    path("calls/<uuid:call_id>/status/", call_views.call_status, name="call_status"),
    path("calls/<uuid:call_id>/text/", call_views.call_text, name="call_text"),
    path("charts/<slug:chart_id>.csv", views.chart_csv, name="csv"),
]
