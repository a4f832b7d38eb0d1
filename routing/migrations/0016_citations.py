"""What a web search found for a turn, kept beside it; and the kind of call that searches, as its
answers are shared by now: for a topic and side, whoever speaks."""

from typing import Any

from django.db import migrations, models

SHIPPED_BEFORE = {"name": "rag_search", "max_output_tokens": 128}


def search_for_a_side(apps: Any, _editor: Any) -> None:
    """As it was shipped; what an operator wrote stays."""
    rows = apps.get_model("routing", "CallKindRow").objects.filter(**SHIPPED_BEFORE)
    for row in rows:
        if row.key_fields == ["query_hash"]:
            row.key_fields, row.max_output_tokens = ["topic", "side", "lang"], 512
            row.is_batchable = True
            row.save(update_fields=["key_fields", "max_output_tokens", "is_batchable"])


class Migration(migrations.Migration):

    dependencies = [
        ("routing", "0015_answers_made_anew"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedanswer",
            name="citations",
            field=models.JSONField(blank=True, default=list, verbose_name="sources"),
        ),
        migrations.AddField(
            model_name="turn",
            name="citations",
            field=models.JSONField(blank=True, default=list, verbose_name="sources"),
        ),
        migrations.AddField(
            model_name="turn",
            name="search",
            field=models.CharField(
                blank=True, max_length=8, verbose_name="web search",
                choices=[("found", "pages were found"), ("failed", "nothing was found")],
            ),
        ),
        migrations.RunPython(search_for_a_side, migrations.RunPython.noop),
    ]
