"""Addresses of the staff pages."""

from django.urls import path

from costcontrol.dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("health/", views.health, name="health"),
    path("first-call/", views.first_call, name="first_call"),
    path("charts/<slug:chart_id>.csv", views.chart_csv, name="csv"),
]
