"""Addresses beneath /dashboard/settings/."""

from django.urls import path

from costcontrol.dashboard import settings_pause_views, settings_views

urlpatterns = [
    path("", settings_views.page, name="settings"),
    path("prices.csv", settings_views.prices_csv, name="settings_prices_csv"),
    path("prices/<int:price_id>/", settings_views.price, name="settings_price"),
    path(
        "providers/<int:deployment_id>/", settings_pause_views.provider, name="settings_provider"
    ),
    path("test/<int:deployment_id>/", settings_views.test, name="settings_test"),
]
