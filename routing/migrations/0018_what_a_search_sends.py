"""Where the switch of web searches is, it says what they send."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0017_topics_made_ahead'),
    ]

    operations = [
        migrations.AlterField(
            model_name='deployment',
            name='can_search',
            field=models.BooleanField(default=False, help_text="Anthropic only. Debates then look for evidence; each search is billed. Topics, also those that users type, go to Anthropic's web search.", verbose_name='searches the web'),
        ),
    ]
