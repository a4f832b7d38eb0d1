"""What an alert was when it was over, for when it comes back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0023_usage_by_day'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='ended_state',
            field=models.CharField(blank=True, choices=[('open', 'open'), ('seen', 'acknowledged'), ('snoozed', 'snoozed'), ('resolved', 'over')], max_length=10, verbose_name='state before it was over'),
        ),
    ]
