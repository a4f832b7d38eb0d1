from django.urls import path

from billing.api import savings, views

urlpatterns = [
    path("me/usage", views.UsageView.as_view()),
    path("me/plan", views.PlanView.as_view()),
    path("plans", views.OffersView.as_view()),
    path("savings", savings.SavingsView.as_view()),
]
