"""Addresses of the customer's own pages."""

from django.urls import path

from costcontrol.account import money_urls, people_urls, profile, security

app_name = "mine"
urlpatterns = [
    *money_urls.urlpatterns,
    path("security/", security.security, name="security"),
    path("security/sessions/<int:session_id>/end/", security.session_end, name="session_end"),
    path("profile/", profile.profile, name="profile"),
    *people_urls.urlpatterns,
]
