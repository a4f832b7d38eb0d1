"""Addresses beneath /dashboard/reconciliation/."""

from django.urls import path

from costcontrol.dashboard import reconciliation_fetch_views, reconciliation_views

urlpatterns = [
    path("", reconciliation_views.reconciliation, name="reconciliation"),
    path("import/", reconciliation_views.reconciliation_import, name="reconciliation_import"),
    path("fetch/", reconciliation_fetch_views.reconciliation_fetch, name="reconciliation_fetch"),
    path(
        "fetches/", reconciliation_fetch_views.reconciliation_fetches,
        name="reconciliation_fetches",
    ),
]
