"""The shapes of `/api/v1/topics/resolve`, `confirm` and `report`, as the OpenAPI document shows
them."""

from rest_framework import serializers

from routing.api.catalogue_serializers import CatalogueTopicSerializer, Fields
from routing.debates.topic_choices import OUTCOMES
from routing.debates.topic_texts import MAX_TOPIC_CHARACTERS
from routing.debates.types import LANGUAGES

SWAPPED = "PRO of the text is CON of the topic"
SAYS = "in the caller's language; answers of the question in the debate's"


class ResolveRequestSerializer(Fields):
    text = serializers.CharField(
        max_length=MAX_TOPIC_CHARACTERS, help_text="a question that has two sides"
    )
    language = serializers.ChoiceField(
        choices=LANGUAGES, required=False, help_text="left out: the language of the text"
    )


class ChoiceSerializer(Fields):
    """A topic that may have been meant: send it as `topic_id` and `is_swapped` of a debate."""

    topic_id = serializers.CharField()
    title = serializers.CharField(help_text="in the language of the debate")
    is_swapped = serializers.BooleanField(help_text=SWAPPED)
    pro_says = serializers.CharField(help_text=SAYS)
    con_says = serializers.CharField(help_text=SAYS)


class MatchSerializer(Fields):
    how = serializers.ChoiceField(
        choices=["title", "alias", "similar", "new"],
        help_text="its title; words that people chose for it; words like its title; none of them",
    )
    pro_says = serializers.CharField(allow_blank=True, help_text=SAYS)
    con_says = serializers.CharField(allow_blank=True, help_text=SAYS)


class ResolvedSerializer(MatchSerializer):
    topic_id = serializers.CharField(
        allow_null=True, help_text="null: not of the catalogue; it can be debated all the same"
    )
    topic = CatalogueTopicSerializer(allow_null=True)
    is_swapped = serializers.BooleanField(help_text=SWAPPED)
    did_you_mean = ChoiceSerializer(
        many=True, help_text="what it may mean, the likeliest first; at most three"
    )
    language = serializers.ChoiceField(choices=LANGUAGES)
    text = serializers.CharField(help_text="as it would be debated")


class ConfirmRequestSerializer(Fields):
    text = serializers.CharField(max_length=MAX_TOPIC_CHARACTERS, help_text="as it was typed")
    topic_id = serializers.CharField(allow_null=True, help_text="null: none of those offered")
    is_swapped = serializers.BooleanField(required=False, help_text=SWAPPED)


class ConfirmedSerializer(Fields):
    topic_id = serializers.CharField(allow_null=True)
    is_swapped = serializers.BooleanField()
    status = serializers.ChoiceField(
        choices=OUTCOMES,
        help_text="yours: for this user from now on; everybody: for all; reported: somebody said "
        "that it is wrong, so it stays out; title: a question of the catalogue, nothing to learn; "
        "new: a topic of one's own; not_kept: too long to be kept",
    )


class ReportRequestSerializer(Fields):
    text = serializers.CharField(max_length=MAX_TOPIC_CHARACTERS, help_text="as it was typed")
    topic_id = serializers.CharField(help_text="what it was taken for")


class ReportedSerializer(Fields):
    is_reported = serializers.BooleanField()
