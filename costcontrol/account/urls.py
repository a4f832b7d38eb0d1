"""Addresses of the customer's own pages."""

from django.urls import path
from django.views.generic import RedirectView

from costcontrol.account import security

app_name = "mine"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mine:security"), name="usage"),
    path("security/", security.security, name="security"),
]
