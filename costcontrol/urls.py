"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("v1/", include("routing.api.urls")),
    path("admin/", admin.site.urls),
]
