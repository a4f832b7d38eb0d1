"""People who could sign in before addresses were confirmed go on to: theirs count as confirmed."""

from django.db import migrations


def vouch(apps, schema_editor):
    address = apps.get_model("account", "EmailAddress")
    people = apps.get_model("accounts", "User").objects.exclude(email=None).exclude(email="")
    address.objects.bulk_create(
        (
            address(user_id=pk, email=email.lower(), verified=True, primary=True)
            for pk, email in people.values_list("pk", "email")
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_ranks"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(vouch, migrations.RunPython.noop)]
