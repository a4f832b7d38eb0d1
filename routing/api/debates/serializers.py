"""The shapes of what `/api/v1/debates` and `/api/v1/replays` answer, as the OpenAPI document shows
them. Replies are made by `routing.debates.shown`; tests hold them to what is written here.
"""

from rest_framework import serializers

from routing.api.topic_serializers import ChoiceSerializer, MatchSerializer
from routing.debates.plan import STAGES
from routing.debates.types import FORMATS, LANGUAGES
from routing.models import Debate, Turn
from routing.types import ModelClass

Fields = serializers.Serializer[object]
COSTS = "nano-USD; only for staff and service keys"
CREDITS = "a decimal number as text; 1 credit is $0.001 of model cost"
SPEAKER = "“pro1”, “con2”; empty: the moderator"


class TopicSerializer(Fields):
    key = serializers.CharField(allow_null=True, help_text="null: not of the catalogue")
    text = serializers.CharField(allow_blank=True)
    language = serializers.ChoiceField(choices=LANGUAGES)


class SpeakerSerializer(Fields):
    speaker = serializers.CharField(help_text="“pro1”")
    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField(help_text="in the language of the debate")


class CastSerializer(Fields):
    pro = SpeakerSerializer(many=True)
    con = SpeakerSerializer(many=True)


class StageEstimateSerializer(Fields):
    stage = serializers.ChoiceField(choices=STAGES)
    calls = serializers.IntegerField(help_text="of models, in the background too")
    model_classes = serializers.ListField(child=serializers.ChoiceField(choices=list(ModelClass)))
    low_credits = serializers.CharField(help_text=CREDITS)
    high_credits = serializers.CharField(help_text=CREDITS)
    templates = serializers.IntegerField(help_text="messages that are filled in, for nothing")
    cached = serializers.IntegerField(help_text="answers that are stored already")
    searches = serializers.IntegerField(help_text="of the web, in the price; see `search`")


class SearchSerializer(Fields):
    """Web searches for openings, one for each side that is not stored."""

    is_on = serializers.BooleanField(
        help_text="a model that searches the web is set up, and the plan includes it; false: "
                  "openings are written without, and `searches` says nothing"
    )
    searches = serializers.IntegerField(help_text="that would be made now")


class ForeseenSerializer(Fields):
    """A turn that is stored for this caller, in a text they have not seen, or a template's."""

    step = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=STAGES)
    kind = serializers.CharField()
    speaker = serializers.CharField(allow_blank=True, help_text=SPEAKER)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF names its own so
        choices=["cache", "template"]
    )


class QuotaSerializer(Fields):
    """Debates of the plan, of the caller or their organisation."""

    used = serializers.IntegerField()
    limit = serializers.IntegerField()
    resets_at = serializers.DateTimeField(allow_null=True)


class ProblemSerializer(Fields):
    """RFC 9457, in the caller's language (`Accept-Language`)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable: what a program looks at")
    detail = serializers.CharField(help_text="a sentence for people, with what to do next")
    param = serializers.CharField(required=False, help_text="which field it is about")
    retry_after = serializers.FloatField(required=False, help_text="seconds")


class EstimateSerializer(MatchSerializer):
    """Nothing is taken. `is_covered` false: `refusal` is what creating it would say now."""

    topic = TopicSerializer()
    did_you_mean = ChoiceSerializer(many=True)
    is_swapped = serializers.BooleanField()
    format = serializers.ChoiceField(choices=list(FORMATS))
    cast = CastSerializer()
    seat = serializers.CharField(allow_blank=True)
    low_credits = serializers.CharField(help_text=CREDITS)
    high_credits = serializers.CharField(help_text=CREDITS)
    low_nanos = serializers.IntegerField(required=False, help_text=COSTS)
    high_nanos = serializers.IntegerField(required=False, help_text=COSTS)
    model_classes = serializers.ListField(child=serializers.ChoiceField(choices=list(ModelClass)))
    stages = StageEstimateSerializer(many=True)
    turns = serializers.IntegerField(help_text="steps of the plan")
    is_lean = serializers.BooleanField(help_text="a small model: no calls in the background")
    search = SearchSerializer()
    from_store = ForeseenSerializer(
        many=True, help_text="turns that need no model now; the rest is what is priced"
    )
    paid_from = serializers.ChoiceField(choices=["plan", "credit", "overage"])
    quota = QuotaSerializer(allow_null=True, help_text="before this one; null: unlimited")
    is_covered = serializers.BooleanField()
    refusal = ProblemSerializer(allow_null=True)


class NextSerializer(Fields):
    turn = serializers.IntegerField(help_text="its number, for `expected_turn`")
    step = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=STAGES)
    kind = serializers.CharField()
    speaker = serializers.CharField(allow_blank=True, help_text=SPEAKER)
    is_users = serializers.BooleanField(help_text="the user speaks: POST messages")


class RunningSerializer(Fields):
    turn = serializers.IntegerField()
    turn_id = serializers.UUIDField()
    stage = serializers.ChoiceField(choices=STAGES)
    speaker = serializers.CharField(allow_blank=True, help_text=SPEAKER)
    status = serializers.ChoiceField(choices=["queued", "running"])
    stream = serializers.CharField(help_text="where to read along")


class TurnErrorSerializer(Fields):
    code = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


class CitationSerializer(Fields):
    """A page of the web that was found for a turn. A stranger's words: show them as text, and the
    address as a link with `rel="noopener nofollow"`."""

    title = serializers.CharField()
    url = serializers.CharField(help_text="http or https")
    text = serializers.CharField(allow_blank=True, help_text="some words of the page")


class SaidSerializer(Fields):
    """What a replay and an export show of a turn."""

    turn = serializers.IntegerField()
    step = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=STAGES)
    kind = serializers.CharField()
    speaker = serializers.CharField(allow_blank=True, help_text=SPEAKER)
    speaker_name = serializers.CharField()
    target = serializers.CharField(allow_blank=True, help_text="spoken to")
    transition = serializers.CharField(
        allow_blank=True, help_text="how the moderator hands over to it"
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of this name
        choices=Turn.Source.values, allow_blank=True
    )
    text = serializers.CharField(allow_blank=True)
    search = serializers.ChoiceField(
        choices=Turn.Search.values, allow_blank=True,
        help_text="of the web, for an opening: “found”: `citations` are what its prompt had; "
                  "“failed”: it was written without; empty: nobody searched",
    )
    citations = CitationSerializer(many=True)


class TurnSerializer(SaidSerializer):
    id = serializers.UUIDField(help_text="of the message")
    status = serializers.ChoiceField(choices=Turn.Status.values)
    rating = serializers.IntegerField(allow_null=True, help_text="-1, 1 or null")
    cache = serializers.ChoiceField(
        choices=["hit", "miss", "template", "off"],
        help_text="“hit”: a stored answer; “miss”: written, after it was looked for in vain; "
                  "“template”: no model needed; “off”: not looked for",
    )
    layer = serializers.CharField(
        required=False, allow_blank=True,
        help_text="which store or template; only for staff and service keys",
    )
    model_class = serializers.CharField(allow_blank=True)
    credits = serializers.CharField(help_text=CREDITS)
    deployment = serializers.CharField(
        required=False, allow_blank=True, help_text="only for staff and service keys"
    )
    cost_nanos = serializers.IntegerField(required=False, help_text=COSTS)
    call_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="only for staff and service keys"
    )
    error = TurnErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    stream = serializers.CharField(help_text="where to read along, also again")


class DebateRowSerializer(Fields):
    id = serializers.UUIDField()
    topic = TopicSerializer()
    is_swapped = serializers.BooleanField(help_text="PRO argues what the catalogue calls CON")
    format = serializers.ChoiceField(choices=list(FORMATS))
    cast = CastSerializer()
    seat = serializers.CharField(allow_blank=True, help_text="empty: the user watches")
    moderator_style = serializers.CharField()
    status = serializers.ChoiceField(choices=Debate.Status.values)
    is_degraded = serializers.BooleanField(help_text="it goes on on a smaller model")
    degraded_reason = serializers.CharField(allow_blank=True)
    is_public = serializers.BooleanField()
    replay_url = serializers.CharField(allow_null=True, help_text="a page, for anybody")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    credits = serializers.CharField(help_text=f"so far; {CREDITS}")
    cost_nanos = serializers.IntegerField(required=False, help_text=COSTS)
    steps_total = serializers.IntegerField()
    steps_done = serializers.IntegerField()


class DebateSerializer(DebateRowSerializer):
    """All that a page needs to be drawn again."""

    stage = serializers.CharField(help_text="of what runs or comes next; “completed”: all done")
    next = NextSerializer(allow_null=True, help_text="null while a turn runs, and at the end")
    running = RunningSerializer(allow_null=True)
    turns = TurnSerializer(many=True)
    texts_deleted_at = serializers.DateTimeField(
        allow_null=True, help_text="the user's own texts and context were deleted"
    )


class CreatedSerializer(DebateSerializer):
    topic_id = serializers.CharField(allow_null=True)
    polarity = serializers.ChoiceField(
        choices=["same", "swapped"], help_text="whether PRO says what it says in the catalogue"
    )
    did_you_mean = ChoiceSerializer(
        many=True, help_text="topics that may have been meant; this debate is about the text itself"
    )
    quota_after = QuotaSerializer(allow_null=True, help_text="null: unlimited")


class CancelledSerializer(DebateSerializer):
    is_quota_returned = serializers.BooleanField(
        help_text="nothing had been written: the debate was given back to the quota"
    )


class DebatesSerializer(Fields):
    next = serializers.CharField(allow_null=True, help_text="the address of the next page")
    results = DebateRowSerializer(many=True)


class RatingSerializer(Fields):
    id = serializers.UUIDField()
    rating = serializers.ChoiceField(choices=[-1, 1])
    note = serializers.CharField(allow_blank=True)


class DeletedSerializer(Fields):
    messages = serializers.IntegerField(help_text="how many texts are gone")
    texts_deleted_at = serializers.DateTimeField()


class ReplaySpeakerSerializer(Fields):
    speaker = serializers.CharField(help_text="“pro1”")
    name = serializers.CharField()


class ReplayCastSerializer(Fields):
    pro = ReplaySpeakerSerializer(many=True)
    con = ReplaySpeakerSerializer(many=True)


class ReplaySerializer(Fields):
    """Whose debate it was stands nowhere. `has_users_texts`: its owner took part and shows what
    they said, as “user”."""

    topic = TopicSerializer()
    format = serializers.ChoiceField(choices=list(FORMATS))
    cast = ReplayCastSerializer()
    seat = serializers.CharField(allow_blank=True)
    moderator_style = serializers.CharField()
    has_users_texts = serializers.BooleanField()
    finished_on = serializers.DateField(allow_null=True)
    turns = SaidSerializer(many=True)
    stream = serializers.CharField(help_text="the same as events, `?speed=`")
