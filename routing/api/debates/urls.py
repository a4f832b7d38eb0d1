"""Under `/api/v1/`. The streams of turns and replays are at the short door: `urls_gateway.py`."""

from django.urls import path

from routing.api.debates import replays, turns, views

urlpatterns = [
    path("debates/estimate", views.EstimateView.as_view()),
    path("debates", views.DebatesView.as_view()),
    path("debates/<str:debate_id>", views.DebateOneView.as_view()),
    path("debates/<str:debate_id>/pause", views.PauseView.as_view()),
    path("debates/<str:debate_id>/resume", views.ResumeView.as_view()),
    path("debates/<str:debate_id>/export", views.ExportView.as_view()),
    path("debates/<str:debate_id>/turns", turns.TurnsView.as_view()),
    path("debates/<str:debate_id>/turns/<str:number>", turns.TurnView.as_view()),
    path(
        "debates/<str:debate_id>/turns/<str:number>/regenerate", turns.AnewView.as_view()
    ),
    path("debates/<str:debate_id>/messages", turns.MessagesView.as_view()),
    path("messages/<str:message_id>/rating", turns.RatingView.as_view()),
    path("replays/<str:share_key>", replays.ReplayView.as_view()),
]
