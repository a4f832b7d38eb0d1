"""Addresses of the customer's own pages."""

from django.urls import path
from django.views.generic import RedirectView

from costcontrol.account import people_urls, profile, security

app_name = "mine"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mine:security"), name="usage"),
    path("security/", security.security, name="security"),
    path("security/sessions/<int:session_id>/end/", security.session_end, name="session_end"),
    path("profile/", profile.profile, name="profile"),
    *people_urls.urlpatterns,
]
