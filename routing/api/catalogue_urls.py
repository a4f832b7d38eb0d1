from django.urls import path

from routing.api import catalogue as views
from routing.api import topic_views

urlpatterns = [
    path("philosophers", views.PhilosophersView.as_view()),
    path("philosophers/<slug:philosopher>", views.PhilosopherView.as_view()),
    path("topics", views.TopicsView.as_view()),
    path("topics/resolve", topic_views.ResolveView.as_view()),
    path("topics/confirm", topic_views.ConfirmView.as_view()),
    path("topics/report", topic_views.ReportView.as_view()),
    path("topics/<slug:topic>", views.TopicView.as_view()),
]
