"""Names that the admin shows and that were never marked: apps, models, fields, columns, forms."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Field, Model
from django.utils.functional import Promise

OURS = ("accounts", "billing", "routing")
AUTOMATIC = {"id", "password", "last_login", "is_superuser", "groups", "user_permissions"}


def unmarked_names() -> list[str]:
    found: list[str] = []
    for app in (apps.get_app_config(label) for label in OURS):
        found += [] if is_marked(app.verbose_name) else [f"app {app.label}"]
        for model in app.get_models():
            found += _of_model(model)
    for model, page in admin.site._registry.items():
        if model._meta.app_label in OURS:
            found += [*_of_fields(model), *_of_page(page)]
    return found


def is_marked(text: Any) -> bool:
    return isinstance(text, Promise)


def _of_model(model: type[Model]) -> Iterator[str]:
    meta = model._meta
    if not (is_marked(meta.verbose_name) and is_marked(meta.verbose_name_plural)):
        yield f"model {meta.label}"


def _of_fields(model: type[Model]) -> Iterator[str]:
    for field in model._meta.get_fields():
        is_ours = isinstance(field, Field) and field.name not in AUTOMATIC
        if is_ours and not is_marked(field.verbose_name):
            yield f"field {model._meta.label}.{field.name}"


def _of_page(page: Any) -> Iterator[str]:
    """Columns and actions made by code, and fields of a form that are not fields of the model."""
    label = page.model._meta.label
    fields = {field.name for field in page.model._meta.get_fields()}
    for name in {*page.list_display, *(page.actions or ())} - fields - {"__str__"}:
        if not is_marked(getattr(getattr(page, name), "short_description", None)):
            yield f"column or action {label}.{name}"
    for name, field in page.form.base_fields.items():
        if name not in fields and not is_marked(field.label):
            yield f"form {label}.{name}"
