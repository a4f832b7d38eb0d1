from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0008_batches_are_asked'),
    ]

    operations = [
        migrations.AddField(
            model_name='callkindrow',
            name='complexity_alone',
            field=models.CharField(blank=True, choices=[('simple', 'simple'), ('medium', 'medium'), ('complex', 'complex')], default='', help_text='where nobody else can be given the answer; empty: the same', max_length=10, verbose_name="complexity of what is one debate's alone"),
        ),
    ]
