"""Addresses of the playground and of shared replays."""

from django.urls import path

from costcontrol.play import views

app_name = "play"
urlpatterns = [
    path("play/", views.start, name="start"),
    path("play/<uuid:debate_id>/", views.debate, name="debate"),
    path("replays/<str:share_key>/", views.replay, name="replay"),
]
