"""Addresses of the staff pages."""

from django.urls import path

from costcontrol.dashboard import call_views, debate_views, revenue_views, views

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
    path("debates/", debate_views.debates, name="debates"),
    path("debates.csv", debate_views.debates_csv, name="debates_csv"),
    path("debates/<path:debate_id>/", debate_views.debate, name="debate"),
    path("revenue/", revenue_views.overview, name="revenue"),
    path("revenue/<slug:chart_id>.csv", revenue_views.chart_csv, name="revenue_csv"),
    path("revenue/customers/", revenue_views.customers, name="revenue_customers"),
    path(
        "revenue/customers/<int:customer_id>/unfreeze/", revenue_views.unfreeze,
        name="revenue_unfreeze",
    ),
    path("revenue/notices/<slug:event_id>/retry/", revenue_views.retry, name="revenue_retry"),
    path("revenue/simulator/", revenue_views.simulator, name="revenue_simulator"),
    path("charts/<slug:chart_id>.csv", views.chart_csv, name="csv"),
]
