"""Addresses of the customer's pages about money; in the namespace `mine`."""

from django.urls import path

from costcontrol.account import alerts, credit, invoices, plans, usage

urlpatterns = [
    path("", usage.usage, name="usage"),
    path("usage.csv", usage.usage_csv, name="usage_csv"),
    path("confirming/", usage.confirming, name="confirming"),
    path("plans/", plans.plans, name="plans"),
    path("plans/cancel/", plans.cancel, name="cancel"),
    path("plans/resume/", plans.resume, name="resume"),
    path("plans/<str:lookup_key>/", plans.plan, name="plan"),
    path("card/", plans.portal, name="portal"),
    path("credit/pack/", credit.pack, name="pack"),
    path("credit/beyond/", credit.overage_set, name="overage"),
    path("credit/by-itself/", credit.topup_set, name="topup"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:alert_id>/remove/", alerts.alert_remove, name="alert_remove"),
]
