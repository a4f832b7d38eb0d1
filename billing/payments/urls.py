from django.urls import path

from billing.payments import client, webhooks

client.warm_up()

app_name = "payments"
urlpatterns = [path("stripe/", webhooks.receive, name="stripe")]
