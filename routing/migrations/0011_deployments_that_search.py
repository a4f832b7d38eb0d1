"""Deployments whose model searches the web. None does until staff say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0010_debates_by_topic")]
    operations = [
        migrations.AddField(
            model_name="deployment",
            name="can_search",
            field=models.BooleanField(
                default=False,
                help_text="Anthropic only. Debates then look for evidence; each search is billed.",
                verbose_name="searches the web",
            ),
        ),
    ]
