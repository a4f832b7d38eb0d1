"""What the provider's prompt cache saved, on each row. Rows of before say 0."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_step_times")]
    operations = [
        migrations.AddField(
            model_name="usagerecord",
            name="prompt_cache_nanos",
            field=models.BigIntegerField(default=0),
        ),
    ]
