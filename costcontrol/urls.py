"""Every address of the product."""

from allauth.account import views as account_views
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from costcontrol import urls_gateway, views
from costcontrol.account.profile import switch_language

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", account_views.login, name="login"),
    path("logout/", account_views.logout, name="logout"),
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
    path("i18n/setlang/", switch_language, name="set_language"),
    path("account/", include("costcontrol.account.urls")),
    path("dashboard/", include("costcontrol.dashboard.urls")),
    path("", include("costcontrol.play.urls")),
    path("", include(urls_gateway.shared)),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("routing.api.debates.urls")),
    path("api/v1/", include("routing.api.catalogue_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("webhooks/", include("billing.payments.urls")),
    path("admin/", admin.site.urls),
]
