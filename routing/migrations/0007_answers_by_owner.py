"""Answers of users' own philosophers are found when an account is closed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0006_stored_answers")]
    operations = [
        migrations.AddIndex(
            "storedanswer",
            models.Index(
                fields=["owner_id"], condition=models.Q(owner_id__isnull=False),
                name="answers_by_owner",
            ),
        ),
        migrations.AddIndex(
            "storedanswer",
            models.Index(
                fields=["ended_at"], condition=models.Q(ended_at__isnull=False),
                name="answers_to_delete",
            ),
        ),
    ]
