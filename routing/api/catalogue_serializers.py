"""The shapes of `/api/v1/philosophers` and `/api/v1/topics`, as the OpenAPI document shows them.

Requests are read by `routing.debates.drafts` and `topics`, whose errors say the mend.
"""

from rest_framework import serializers

from routing.debates.cards import (
    MAX_STRATEGIES,
    MAX_TRAITS,
    NAME_CHARACTERS,
    STRATEGIES,
    TEXTS,
    TRAIT_CHARACTERS,
)
from routing.models import Topic

Fields = serializers.Serializer[object]
ABOUT = {
    "essence": "what the philosopher holds, in a sentence or two",
    "style": "how they debate", "personality": "in a few words",
    "quote": "a saying of theirs",
    "speech": "how they speak: forms of address, endings, habits",
}


def _text(name: str) -> serializers.CharField:
    return serializers.CharField(
        max_length=TEXTS[name], required=name == "essence", allow_blank=name != "essence",
        help_text=ABOUT[name],
    )


class CardSerializer(Fields):
    """What prompts say about somebody, in one language. Short: each call of a turn pays for it."""

    essence = _text("essence")
    style = _text("style")  # type: ignore[assignment]  # every serializer has one
    personality = _text("personality")
    traits = serializers.ListField(
        child=serializers.CharField(max_length=TRAIT_CHARACTERS), max_length=MAX_TRAITS,
        required=False,
    )
    quote = _text("quote")
    speech = _text("speech")


class NamesSerializer(Fields):
    ko = serializers.CharField(max_length=NAME_CHARACTERS, required=False)
    en = serializers.CharField(max_length=NAME_CHARACTERS, required=False)


class CardsSerializer(Fields):
    """At least one language. A debate in the other uses the one there is."""

    ko = CardSerializer(required=False, allow_null=True)
    en = CardSerializer(required=False, allow_null=True)


class PhilosopherRequestSerializer(Fields):
    name = NamesSerializer(help_text="in one language at least; the other takes it over")
    cards = CardsSerializer()
    strategies = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1), required=False,
        help_text=f"ways of arguing and their weight, at most {MAX_STRATEGIES} of: "
        + ", ".join(STRATEGIES),
    )


class PhilosopherSerializer(PhilosopherRequestSerializer):
    key = serializers.CharField(help_text="goes into the cast of a debate")
    version = serializers.IntegerField(
        help_text="a debate that has begun keeps the version it was cast with"
    )
    is_own = serializers.BooleanField(help_text="made by the caller, and theirs alone")


class PhilosophersSerializer(Fields):
    results = PhilosopherSerializer(many=True, help_text="of the catalogue, then the caller's own")


class CategorySerializer(Fields):
    key = serializers.CharField()
    name = serializers.CharField(help_text="in the caller's language")


class UsualCastSerializer(Fields):
    pro = serializers.ListField(child=serializers.CharField(), help_text="keys of philosophers")
    con = serializers.ListField(child=serializers.CharField(), help_text="keys of philosophers")


class CatalogueTopicSerializer(Fields):
    key = serializers.CharField(help_text="`topic_id` of a debate")
    category = CategorySerializer()
    ko = serializers.CharField()
    en = serializers.CharField()
    form = serializers.ChoiceField(choices=Topic.Form.values)
    pro_is = serializers.CharField(help_text="what PRO says: `yes` or `first_option`")
    default_cast = UsualCastSerializer(
        allow_null=True, help_text="who usually debates it; for 1v1 the first of each side"
    )
    popularity_rank = serializers.IntegerField(help_text="1 is asked most")
    is_ready = serializers.BooleanField(
        help_text="the openings of its usual cast are stored, for this caller: it begins at once "
                  "and costs less"
    )


class TopicsSerializer(Fields):
    count = serializers.IntegerField(help_text="on all pages")
    next = serializers.CharField(allow_null=True, help_text="the address of the next page")
    results = CatalogueTopicSerializer(many=True, help_text="the most popular first")
    categories = CategorySerializer(many=True, help_text="all there are")
