"""The shapes of what `/api/v1/debates` is sent, as the OpenAPI document shows them.

They are read by `routing.debates.orders` and `messages`, whose errors say the mend.
"""

from rest_framework import serializers

from routing.api.debates.serializers import SPEAKER, Fields
from routing.debates.plan import STAGES
from routing.debates.types import FORMATS, LANGUAGES


class CastRequestSerializer(Fields):
    pro = serializers.ListField(child=serializers.CharField(), help_text="keys of philosophers")
    con = serializers.ListField(child=serializers.CharField(), help_text="keys of philosophers")


class OrderSerializer(Fields):
    """A debate that somebody wants. Either `topic` or `topic_id`."""

    topic = serializers.CharField(
        required=False, max_length=300, help_text="a question that has two sides, Korean or English"
    )
    topic_id = serializers.CharField(
        required=False, help_text="a topic of the catalogue: GET /api/v1/topics"
    )
    is_swapped = serializers.BooleanField(
        required=False, help_text="with `topic_id`: PRO says what CON says of that topic"
    )
    language = serializers.ChoiceField(
        choices=LANGUAGES, required=False, help_text="left out: the language of the topic"
    )
    format = serializers.ChoiceField(
        choices=list(FORMATS), required=False, help_text="left out: by the cast, else 2v2"
    )
    cast = CastRequestSerializer(
        required=False, help_text="left out: the usual cast of a topic of the catalogue"
    )
    seat = serializers.CharField(
        required=False, help_text="the speaker whom the user plays, “con1”; left out: they watch"
    )
    moderator_style = serializers.CharField(required=False, help_text="left out: casual")
    context = serializers.CharField(  # type: ignore[assignment]  # a field of this name
        required=False, max_length=20_000, help_text="text the debate should know; personal data"
    )


class ShareSerializer(Fields):
    is_public = serializers.BooleanField()


class TurnRequestSerializer(Fields):
    """Nothing has to be sent: the next turn of the plan."""

    expected_turn = serializers.IntegerField(
        required=False, help_text="its number: asked for again, it is the same turn"
    )
    stage = serializers.ChoiceField(choices=STAGES, required=False)
    speaker = serializers.CharField(required=False, help_text=SPEAKER)


class MessageRequestSerializer(Fields):
    """Either `text` or `pass`."""

    text = serializers.CharField(required=False, max_length=4_000)
    # `pass` is a word of the language: added below


MessageRequestSerializer._declared_fields["pass"] = serializers.BooleanField(
    required=False, help_text="true: the user says nothing"
)


class RatingRequestSerializer(Fields):
    rating = serializers.ChoiceField(choices=[-1, 1])
    note = serializers.CharField(required=False, max_length=500)
