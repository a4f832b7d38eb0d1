"""Plans that exist already, in the order of what they give."""

from django.db import migrations

RANKS = {"premium": 10, "enterprise": 20}


def rank(apps, schema_editor):
    for name, place in RANKS.items():
        apps.get_model("accounts", "Tier").objects.filter(name=name, rank=0).update(rank=place)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people")]
    operations = [migrations.RunPython(rank, migrations.RunPython.noop)]
