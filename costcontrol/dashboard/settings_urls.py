"""Addresses beneath /dashboard/settings/."""

from django.urls import path

from costcontrol.dashboard import settings_corrections_views as corrections
from costcontrol.dashboard import settings_pause_views, settings_views

urlpatterns = [
    path("", settings_views.page, name="settings"),
    path("prices.csv", settings_views.prices_csv, name="settings_prices_csv"),
    path("prices/<int:price_id>/", settings_views.price, name="settings_price"),
    path("prices/<int:price_id>/correct/", corrections.correct, name="settings_correct"),
    path("corrections/", corrections.listing, name="settings_corrections"),
    path(
        "corrections/<int:correction_id>/", corrections.correction, name="settings_correction"
    ),
    path(
        "corrections/<int:correction_id>.csv", corrections.correction_csv,
        name="settings_correction_csv",
    ),
    path(
        "corrections/<int:correction_id>/post/", corrections.post, name="settings_correction_post"
    ),
    path(
        "corrections/<int:correction_id>/drop/", corrections.drop, name="settings_correction_drop"
    ),
    path(
        "corrections/<int:correction_id>/retry/", corrections.retry,
        name="settings_correction_retry",
    ),
    path(
        "corrections/<int:correction_id>/take-back/", corrections.take_back,
        name="settings_correction_take_back",
    ),
    path(
        "providers/<int:deployment_id>/", settings_pause_views.provider, name="settings_provider"
    ),
    path("test/<int:deployment_id>/", settings_views.test, name="settings_test"),
]
