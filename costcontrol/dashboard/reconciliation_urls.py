"""Addresses beneath /dashboard/reconciliation/."""

from django.urls import path

from costcontrol.dashboard import reconciliation_views

urlpatterns = [
    path("", reconciliation_views.reconciliation, name="reconciliation"),
    path("import/", reconciliation_views.reconciliation_import, name="reconciliation_import"),
]
