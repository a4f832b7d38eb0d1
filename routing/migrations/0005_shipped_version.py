"""Which versions of philosophers came with the product, so that an operator's stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0004_debates")]

    operations = [
        migrations.AddField(
            model_name="philosopher",
            name="shipped_version",
            field=models.PositiveIntegerField(
                blank=True, editable=False, null=True, verbose_name="version of the product"
            ),
        ),
    ]
