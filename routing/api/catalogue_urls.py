from django.urls import path

from routing.api import catalogue as views

urlpatterns = [
    path("philosophers", views.PhilosophersView.as_view()),
    path("philosophers/<slug:philosopher>", views.PhilosopherView.as_view()),
    path("topics", views.TopicsView.as_view()),
    path("topics/resolve", views.ResolveView.as_view()),
    path("topics/<slug:topic>", views.TopicView.as_view()),
]
