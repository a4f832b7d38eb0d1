"""Addresses beneath /dashboard/budgets/."""

from django.urls import path

from costcontrol.dashboard import (
    alert_channels_views,
    alert_rules_views,
    alerts_views,
    budgets_views,
)

urlpatterns = [
    path("", budgets_views.page, name="budgets"),
    path("budgets.csv", budgets_views.page_csv, name="budgets_csv"),
    path("new/", budgets_views.new, name="budget_new"),
    path("<int:budget_id>/", budgets_views.budget, name="budget"),
    path("<int:budget_id>/raise/", budgets_views.raise_once, name="budget_raise"),
    path("<int:budget_id>/raise/end/", budgets_views.raise_over, name="budget_raise_end"),
    path("<int:budget_id>/delete/", budgets_views.delete, name="budget_delete"),
    path("alerts/", alerts_views.page, name="alerts"),
    path("alerts.csv", alerts_views.page_csv, name="alerts_csv"),
    path("alerts/<int:alert_id>/acknowledge/", alerts_views.acknowledge, name="alert_acknowledge"),
    path("alerts/<int:alert_id>/snooze/", alerts_views.snooze, name="alert_snooze"),
    path("users/<int:user_id>/throttle/", alerts_views.throttle, name="throttle"),
    path("users/<int:user_id>/throttle/lift/", alerts_views.lift, name="throttle_lift"),
    path("rules/", alert_rules_views.page, name="alert_rules"),
    path("rules/new/", alert_rules_views.new, name="alert_rule_new"),
    path("rules/<int:rule_id>/", alert_rules_views.rule, name="alert_rule"),
    path("rules/<int:rule_id>/switch/", alert_rules_views.switch, name="alert_rule_switch"),
    path("channels/", alert_channels_views.page, name="alert_channels"),
    path("channels/<int:channel_id>/test/", alert_channels_views.test, name="alert_channel_test"),
    path(
        "channels/<int:channel_id>/switch/", alert_channels_views.switch,
        name="alert_channel_switch",
    ),
]
