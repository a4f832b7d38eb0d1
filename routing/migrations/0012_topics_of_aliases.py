
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0011_deployments_that_search'),
    ]

    operations = [
        migrations.AlterField(
            model_name='topicalias',
            name='topic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='routing.topic', verbose_name='topic'),
        ),
    ]
