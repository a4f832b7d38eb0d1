

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_people'),
        ('billing', '0008_names_for_people'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='usagerecord',
            name='paid_from',
            field=models.CharField(choices=[('plan', 'the plan'), ('credit', 'credit'), ('overage', 'beyond the plan')], db_default='plan', default='plan', max_length=10, verbose_name='paid from'),
        ),
        migrations.AddField(
            model_name='usagerecord',
            name='payer',
            field=models.CharField(blank=True, db_default='', max_length=40, verbose_name='paid by'),
        ),
        migrations.AlterField(
            model_name='budget',
            name='scope_kind',
            field=models.CharField(choices=[('platform', 'the whole platform'), ('provider', 'a provider'), ('tier', 'all users of a tier'), ('user', 'a user'), ('org', 'an organisation'), ('credit', 'a customer’s credit'), ('overage', 'a customer’s use beyond the plan'), ('key', 'an API key'), ('debate', 'a debate')], max_length=10, verbose_name='scope'),
        ),
        migrations.AlterField(
            model_name='window',
            name='scope_kind',
            field=models.CharField(choices=[('platform', 'the whole platform'), ('provider', 'a provider'), ('tier', 'all users of a tier'), ('user', 'a user'), ('org', 'an organisation'), ('credit', 'a customer’s credit'), ('overage', 'a customer’s use beyond the plan'), ('key', 'an API key'), ('debate', 'a debate')], max_length=10, verbose_name='scope'),
        ),
        migrations.CreateModel(
            name='CreditPack',
            fields=[
                ('name', models.SlugField(max_length=40, primary_key=True, serialize=False, verbose_name='name')),
                ('credit_nanos', models.BigIntegerField(verbose_name='credit, nano-USD')),
                ('valid_days', models.PositiveIntegerField(default=365, verbose_name='valid for, days')),
                ('is_offered', models.BooleanField(default=True, verbose_name='offered to customers')),
            ],
            options={
                'verbose_name': 'credit pack',
                'verbose_name_plural': 'credit packs',
                'constraints': [models.CheckConstraint(condition=models.Q(('credit_nanos__gt', 0)), name='credit_pack_has_credit')],
            },
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(blank=True, max_length=80, null=True, unique=True, verbose_name='id at Stripe')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('card', models.CharField(blank=True, max_length=40, verbose_name='card')),
                ('sync_asked', models.BigIntegerField(default=0, editable=False)),
                ('sync_written', models.BigIntegerField(default=0, editable=False)),
                ('synced_at', models.DateTimeField(blank=True, null=True, verbose_name='asked Stripe last')),
                ('frozen_at', models.DateTimeField(blank=True, null=True, verbose_name='frozen')),
                ('frozen_reason', models.CharField(blank=True, max_length=200, verbose_name='frozen because')),
                ('overage_ceiling_nanos', models.BigIntegerField(blank=True, null=True, verbose_name='beyond the plan, at most a month, nano-USD')),
                ('topup_below_nanos', models.BigIntegerField(default=0, verbose_name='bought below, nano-USD')),
                ('topups_per_day', models.PositiveSmallIntegerField(default=1, verbose_name='bought at most, a day')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('base_tier', models.ForeignKey(default='free', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.tier', verbose_name='tier without a subscription')),
                ('organisation', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='customer', to='accounts.organisation', verbose_name='organisation')),
                ('topup_pack', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='billing.creditpack', verbose_name='pack bought when credit runs low')),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='customer', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'paying customer',
                'verbose_name_plural': 'paying customers',
            },
        ),
        migrations.CreateModel(
            name='CreditGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=120, unique=True, verbose_name='source')),
                ('charge_id', models.CharField(blank=True, max_length=80, verbose_name='charge at Stripe')),
                ('nanos', models.BigIntegerField(verbose_name='credit, nano-USD')),
                ('granted_at', models.DateTimeField(verbose_name='granted')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('lapsed_nanos', models.BigIntegerField(default=0, verbose_name='lapsed unused, nano-USD')),
                ('reversed_nanos', models.BigIntegerField(default=0, verbose_name='taken back, nano-USD')),
                ('lapsed_at', models.DateTimeField(blank=True, null=True, verbose_name='lapsed')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='billing.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'credit',
                'verbose_name_plural': 'credits',
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(max_length=80, unique=True, verbose_name='id at Stripe')),
                ('number', models.CharField(blank=True, max_length=80, verbose_name='number')),
                ('status', models.CharField(max_length=20, verbose_name='status')),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='for')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('total_minor', models.BigIntegerField(verbose_name='total, minor units')),
                ('paid_minor', models.BigIntegerField(default=0, verbose_name='paid, minor units')),
                ('refunded_minor', models.BigIntegerField(default=0, verbose_name='refunded, minor units')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='attempts to charge')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('paid_at', models.DateTimeField(null=True, verbose_name='paid at')),
                ('next_try_at', models.DateTimeField(null=True, verbose_name='charged again')),
                ('page_url', models.URLField(blank=True, max_length=1000, verbose_name='page')),
                ('pdf_url', models.URLField(blank=True, max_length=1000, verbose_name='PDF')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invoices', to='billing.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'invoice',
                'verbose_name_plural': 'invoices',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='PackPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('amount_minor', models.BigIntegerField(verbose_name='amount, minor units')),
                ('pack', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='billing.creditpack', verbose_name='credit pack')),
            ],
            options={
                'verbose_name': 'price of a credit pack',
                'verbose_name_plural': 'prices of credit packs',
            },
        ),
        migrations.CreateModel(
            name='PlanPrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lookup_key', models.CharField(max_length=80, unique=True, verbose_name='lookup key')),
                ('stripe_price_id', models.CharField(blank=True, max_length=80, verbose_name='price id at Stripe')),
                ('currency', models.CharField(help_text='usd, krw', max_length=3, verbose_name='currency')),
                ('amount_minor', models.BigIntegerField(verbose_name='amount, minor units')),
                ('interval', models.CharField(choices=[('month', 'month'), ('year', 'year')], default='month', max_length=10, verbose_name='interval')),
                ('trial_days', models.PositiveSmallIntegerField(default=0, verbose_name='trial, days')),
                ('is_offered', models.BooleanField(default=True, verbose_name='offered to customers')),
                ('tier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='accounts.tier', verbose_name='tier')),
            ],
            options={
                'verbose_name': 'plan price',
                'verbose_name_plural': 'plan prices',
            },
        ),
        migrations.CreateModel(
            name='SentNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30, verbose_name='kind')),
                ('about', models.CharField(max_length=160, verbose_name='about')),
                ('sent_at', models.DateTimeField(verbose_name='sent')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='billing.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'notice sent',
                'verbose_name_plural': 'notices sent',
            },
        ),
        migrations.CreateModel(
            name='SpendingAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('quota_percent', 'percent of a limit'), ('credit_below', 'credit left, nano-USD'), ('overage_percent', 'percent of the ceiling beyond the plan')], max_length=20, verbose_name='kind')),
                ('threshold', models.BigIntegerField(verbose_name='threshold')),
                ('is_on', models.BooleanField(default=True, verbose_name='on')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='billing.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'spending alert',
                'verbose_name_plural': 'spending alerts',
            },
        ),
        migrations.CreateModel(
            name='StripeEvent',
            fields=[
                ('id', models.CharField(max_length=80, primary_key=True, serialize=False, verbose_name='id')),
                ('type', models.CharField(max_length=80, verbose_name='type')),
                ('created_at', models.DateTimeField(verbose_name='created at Stripe')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('api_version', models.CharField(blank=True, max_length=40, verbose_name='version')),
                ('is_live', models.BooleanField(verbose_name='real money')),
                ('stripe_customer', models.CharField(blank=True, max_length=80, verbose_name='customer')),
                ('object_id', models.CharField(blank=True, max_length=80, verbose_name='about')),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('done', 'done'), ('ignored', 'nothing to do'), ('failed', 'failed')], default='pending', max_length=10, verbose_name='state')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('next_try_at', models.DateTimeField(verbose_name='next try')),
                ('done_at', models.DateTimeField(null=True, verbose_name='done at')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
            ],
            options={
                'verbose_name': 'notice from Stripe',
                'verbose_name_plural': 'notices from Stripe',
                'ordering': ['-received_at'],
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['next_try_at'], name='pending_stripe_events')],
            },
        ),
        migrations.CreateModel(
            name='StripeRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30, verbose_name='kind')),
                ('params', models.JSONField(default=dict, verbose_name='parameters')),
                ('state', models.CharField(choices=[('open', 'asked'), ('done', 'done'), ('refused', 'refused')], default='open', max_length=10, verbose_name='state')),
                ('result_id', models.CharField(blank=True, max_length=120, verbose_name='result')),
                ('result_url', models.URLField(blank=True, max_length=2000, verbose_name='page')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requests', to='billing.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'request to Stripe',
                'verbose_name_plural': 'requests to Stripe',
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stripe_id', models.CharField(max_length=80, unique=True, verbose_name='id at Stripe')),
                ('status', models.CharField(max_length=30, verbose_name='status')),
                ('price_id', models.CharField(blank=True, max_length=80, verbose_name='price id at Stripe')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('amount_minor', models.BigIntegerField(default=0, verbose_name='amount, minor units')),
                ('interval', models.CharField(default='month', max_length=10, verbose_name='interval')),
                ('started_at', models.DateTimeField(null=True, verbose_name='started')),
                ('period_start', models.DateTimeField(null=True, verbose_name='period from')),
                ('period_end', models.DateTimeField(null=True, verbose_name='period until')),
                ('trial_end', models.DateTimeField(null=True, verbose_name='trial until')),
                ('is_ending', models.BooleanField(default=False, verbose_name='ends with the period')),
                ('schedule_id', models.CharField(blank=True, max_length=80, verbose_name='schedule at Stripe')),
                ('past_due_since', models.DateTimeField(null=True, verbose_name='past due since')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('seen_at', models.DateTimeField(verbose_name='described')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='billing.customer', verbose_name='customer')),
                ('next_tier', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.tier', verbose_name='tier from the next period')),
                ('tier', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.tier', verbose_name='tier')),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
            },
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('user__isnull', True), ('organisation__isnull', True), _connector='OR'), name='customer_has_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='creditgrant',
            constraint=models.CheckConstraint(condition=models.Q(('lapsed_nanos__gte', 0), ('nanos__gt', 0), ('reversed_nanos__gte', 0)), name='credit_amounts_are_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='packprice',
            constraint=models.UniqueConstraint(fields=('pack', 'currency'), name='one_pack_price_per_currency'),
        ),
        migrations.AddConstraint(
            model_name='packprice',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='pack_price_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='planprice',
            constraint=models.UniqueConstraint(condition=models.Q(('stripe_price_id', ''), _negated=True), fields=('stripe_price_id',), name='one_plan_per_stripe_price'),
        ),
        migrations.AddConstraint(
            model_name='planprice',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='plan_price_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='sentnotice',
            constraint=models.UniqueConstraint(fields=('customer', 'kind', 'about'), name='one_notice_about_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='spendingalert',
            constraint=models.UniqueConstraint(fields=('customer', 'kind', 'threshold'), name='one_alert_per_threshold'),
        ),
        migrations.AddConstraint(
            model_name='spendingalert',
            constraint=models.CheckConstraint(condition=models.Q(('threshold__gt', 0)), name='alert_has_a_threshold'),
        ),
    ]
