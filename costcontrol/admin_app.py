"""Tells Django which admin site is ours. Loaded before any model."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "costcontrol.admin_site.AdminSite"
