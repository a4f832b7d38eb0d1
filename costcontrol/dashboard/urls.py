"""Addresses of the staff pages."""

from django.urls import path

from costcontrol.dashboard import (
    caches_staff_views,
    caches_topics_views,
    caches_views,
    call_views,
    debate_views,
    forecast_views,
    precompute_views,
    revenue_views,
    roi_views,
    savings_views,
    views,
)

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("health/", views.health, name="health"),
    path("first-call/", views.first_call, name="first_call"),
    path("calls/", call_views.calls, name="calls"),
    path("calls.csv", call_views.calls_csv, name="calls_csv"),
    path("calls/<uuid:call_id>/", call_views.call, name="call"),
    path("calls/<uuid:call_id>/status/", call_views.call_status, name="call_status"),
    path("calls/<uuid:call_id>/text/", call_views.call_text, name="call_text"),
    path("debates/", debate_views.debates, name="debates"),
    path("debates.csv", debate_views.debates_csv, name="debates_csv"),
    path("debates/<path:debate_id>/", debate_views.debate, name="debate"),
    path("caches/", caches_views.caches, name="caches"),
    path("caches/charts/<slug:caches_chart_id>.csv", caches_views.caches_csv, name="caches_csv"),
    path("caches/answers/", caches_views.answers, name="caches_answers"),
    path("caches/answers.csv", caches_views.answers_csv, name="caches_answers_csv"),
    path("caches/answers/<int:answer_id>/", caches_views.answer, name="caches_answer"),
    path(
        "caches/answers/<int:answer_id>/end/", caches_views.answer_end, name="caches_answer_end"
    ),
    path("caches/philosophers/", caches_staff_views.philosophers, name="caches_philosophers"),
    path(
        "caches/philosophers/<slug:philosopher_key>/", caches_staff_views.philosopher,
        name="caches_philosopher",
    ),
    path("caches/topics/", caches_topics_views.topics, name="caches_topics"),
    path(
        "caches/topics/<int:alias_id>/decide/", caches_topics_views.words_decide,
        name="caches_words_decide",
    ),
    path(
        "caches/topics/matches/<int:match_id>/judge/", caches_topics_views.match_judge,
        name="caches_match_judge",
    ),
    path("caches/purge/", caches_staff_views.purge, name="caches_purge"),
    path(
        "caches/purge/<int:purge_id>/bring-back/", caches_staff_views.bring_back,
        name="caches_bring_back",
    ),
    path("caches/purge/take-down/", caches_staff_views.take_down, name="caches_take_down"),
    path("precompute/", precompute_views.precompute, name="precompute"),
    path("precompute/estimate/", precompute_views.estimate, name="precompute_estimate"),
    path("precompute/<int:run_id>/", precompute_views.run, name="precompute_run"),
    path("precompute/<int:run_id>/start/", precompute_views.start, name="precompute_start"),
    path("precompute/<int:run_id>/stop/", precompute_views.stop, name="precompute_stop"),
    path("precompute/<int:run_id>/delete/", precompute_views.delete, name="precompute_delete"),
    path("revenue/", revenue_views.overview, name="revenue"),
    path("revenue/<slug:chart_id>.csv", revenue_views.chart_csv, name="revenue_csv"),
    path("revenue/customers/", revenue_views.customers, name="revenue_customers"),
    path(
        "revenue/customers/<int:customer_id>/unfreeze/", revenue_views.unfreeze,
        name="revenue_unfreeze",
    ),
    path("revenue/notices/<slug:event_id>/retry/", revenue_views.retry, name="revenue_retry"),
    path("revenue/simulator/", revenue_views.simulator, name="revenue_simulator"),
    path("savings/", savings_views.savings, name="savings"),
    path("savings/<slug:name>.csv", savings_views.savings_csv, name="savings_csv"),
    path("forecast/", forecast_views.forecast, name="forecast"),
    path("forecast/<slug:name>.csv", forecast_views.forecast_csv, name="forecast_csv"),
    path("roi/", roi_views.roi, name="roi"),
    path("roi.csv", roi_views.roi_csv, name="roi_csv"),
    path("charts/<slug:chart_id>.csv", views.chart_csv, name="csv"),
]
