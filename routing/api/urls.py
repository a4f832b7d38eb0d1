from django.urls import path, re_path

from routing.api import views

urlpatterns = [
    path("chat/completions", views.chat_completions),  # type: ignore[arg-type]  # async view
    path("models", views.models),  # type: ignore[arg-type]  # async view
    re_path(r"", views.unknown_path),
]
