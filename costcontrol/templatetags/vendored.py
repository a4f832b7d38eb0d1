"""`{% vendored "htmx.min.js" %}`: a script of static/vendor/, with the hash it must have."""

import base64
import json
from functools import cache
from pathlib import Path

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

FOLDER = Path(__file__).resolve().parent.parent / "static" / "vendor"


@cache
def integrity(file: str) -> str:
    """What browsers compare: sha256 in base64. The list holds it as `sha256sum` prints it."""
    listed = json.loads((FOLDER / "vendor.json").read_text())["files"]
    digest = next(entry["sha256"] for entry in listed if entry["file"] == file)
    return "sha256-" + base64.b64encode(bytes.fromhex(digest)).decode()


@register.simple_tag
def vendored(file: str) -> SafeString:
    return format_html(
        '<script defer src="{}" integrity="{}"></script>',
        static(f"vendor/{file}"),
        integrity(file),
    )
