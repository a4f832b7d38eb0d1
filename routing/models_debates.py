"""Debates: the catalogue they choose from, and what became of each, turn by turn."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _


class Philosopher(models.Model):
    """One version of a character. The catalogue's have no owner; a user's own is theirs alone.

    A change is a new version, so that what was said before keeps its speaker. `card` holds, for
    each language ("ko", "en"): essence, style, personality, traits [..], quote, speech (forms of
    speech); and strategies {name: weight}, the same in both.
    """

    key = models.SlugField(_("key"), max_length=64)
    version = models.PositiveIntegerField(_("version"), default=1)
    owner_id = models.BigIntegerField(_("owner"), null=True, blank=True, db_index=True)
    name_ko = models.CharField(_("name, Korean"), max_length=80)
    name_en = models.CharField(_("name, English"), max_length=80)
    card = models.JSONField(_("card"), default=dict)
    is_current = models.BooleanField(_("current version"), default=True)
    # of the shipped catalogue; null: an operator's or a user's version
    shipped_version = models.PositiveIntegerField(
        _("version of the product"), null=True, blank=True, editable=False
    )
    is_active = models.BooleanField(_("on offer"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("philosopher")
        verbose_name_plural = _("philosophers")
        ordering = ["key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_philosopher_per_version"),
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(is_current=True), name="one_current_philosopher"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class Topic(models.Model):
    """A question of the catalogue. `pro_is`: what the side PRO says ("yes" or "first_option")."""

    class Form(models.TextChoices):
        YES_NO = "yes_no", _("yes or no")
        EITHER_OR = "either_or", _("one or the other")

    key = models.SlugField(_("key"), max_length=40, primary_key=True)
    category = models.SlugField(_("category"), max_length=40)
    ko = models.CharField(_("Korean"), max_length=300)
    en = models.CharField(_("English"), max_length=300)
    form = models.CharField(_("form"), max_length=12, choices=Form.choices, default=Form.YES_NO)
    pro_is = models.CharField(_("PRO says"), max_length=20, default="yes")
    default_cast = models.JSONField(
        _("usual cast"), default=dict, help_text='{"pro": ["kant"], "con": ["hegel"]}'
    )
    popularity_rank = models.PositiveIntegerField(_("popularity, 1 is first"), default=1000)
    is_active = models.BooleanField(_("on offer"), default=True)
    is_made_ahead = models.BooleanField(_("answers may be made ahead"), default=True)
    # one more, and no stored answer of it is served again
    epoch = models.PositiveIntegerField(_("epoch of its stored answers"), default=1)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["popularity_rank", "key"]

    def __str__(self) -> str:
        return self.en


class CallKindRow(models.Model):
    """What an operator may say about one kind of call. The names are the code's."""

    class Latency(models.TextChoices):
        OFFLINE = "offline", _("ahead of time")
        BACKGROUND = "background", _("nobody waits")
        INTERACTIVE = "interactive", _("somebody waits for the whole")
        TTFT = "ttft", _("somebody reads along")

    class Complexity(models.TextChoices):
        SIMPLE = "simple", _("simple")
        MEDIUM = "medium", _("medium")
        COMPLEX = "complex", _("complex")

    name = models.SlugField(_("name"), max_length=40, primary_key=True)
    purpose = models.CharField(_("purpose"), max_length=200)
    complexity = models.CharField(_("complexity"), max_length=10, choices=Complexity.choices)
    complexity_alone = models.CharField(
        _("complexity of what is one debate's alone"), max_length=10, blank=True, default="",
        choices=Complexity.choices,
        help_text=_("where nobody else can be given the answer; empty: the same"),
    )
    max_output_tokens = models.PositiveIntegerField(_("longest answer, tokens"))
    latency = models.CharField(_("who waits"), max_length=12, choices=Latency.choices)
    is_streamed = models.BooleanField(_("written before the user's eyes"), default=False)
    key_fields = models.JSONField(
        _("key of a stored answer"), default=list, blank=True, help_text=_("empty: never stored")
    )
    variants = models.PositiveSmallIntegerField(_("variants kept per key"), default=1)
    ttl_days = models.PositiveIntegerField(_("kept for days"), default=30)
    may_be_template = models.BooleanField(_("a template may answer"), default=False)
    is_batchable = models.BooleanField(_("may be made ahead in a batch"), default=False)
    is_enabled = models.BooleanField(_("made in debates"), default=True)

    class Meta:
        verbose_name = _("kind of call")
        verbose_name_plural = _("kinds of call")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Debate(models.Model):
    """One debate of one user. What it costs stands in the ledger, under its id.

    `cast` is {"pro": [{"key", "version", "name_ko", "name_en"}, ...], "con": [...]}. `seat` is the
    speaker whom the user plays ("pro2"), or empty. A worker has the debate while its lease runs.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        PAUSED = "paused", _("paused")
        FINISHED = "finished", _("finished")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_id = models.BigIntegerField(_("user id"))
    key_prefix = models.CharField(_("key"), max_length=16, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)  # of the order, for a repeat
    topic_key = models.CharField(_("topic of the catalogue"), max_length=40, blank=True)
    topic = models.CharField(_("topic"), max_length=300)
    is_swapped = models.BooleanField(_("sides swapped"), default=False)
    language = models.CharField(_("language"), max_length=8)
    format = models.CharField(_("format"), max_length=4)  # "1v1", "2v2"
    cast = models.JSONField(_("cast"), default=dict)
    seat = models.CharField(_("the user's seat"), max_length=8, blank=True)
    moderator_style = models.CharField(_("style of the moderator"), max_length=20, default="casual")
    context = models.TextField(_("text the user added"), blank=True)  # personal
    is_lean = models.BooleanField(_("without background calls"), default=False)
    variant = models.PositiveSmallIntegerField(_("variant of stored answers"), default=0)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    degraded_reason = models.CharField(_("why on a smaller model"), max_length=300, blank=True)
    is_public = models.BooleanField(_("its replay is public"), default=False)
    share_key = models.CharField(max_length=32, blank=True, db_index=True)
    texts_deleted_at = models.DateTimeField(_("the user's texts deleted"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    seen_at = models.DateTimeField(_("somebody looked"), null=True, blank=True)
    worker = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("debate")
        verbose_name_plural = _("debates")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="debates_by_user"),
            models.Index(
                fields=["topic_key", "language", "-created_at"],
                condition=~models.Q(topic_key=""), name="debates_by_topic",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_debate_per_key",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Turn(models.Model):
    """One thing that is said, or was tried to be said. `id` is the id of its message.

    `step` is the place in the plan of the debate; a step that failed or was cancelled is tried
    again as a new turn. At most one turn of a debate is queued or running: the database holds that.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        REPLACED = "replaced", _("written anew")

    class Source(models.TextChoices):
        LIVE = "live", _("written now")
        CACHE = "cache", _("a stored answer")
        REPLAY = "replay", _("a replay")
        TEMPLATE = "template", _("a template")
        USER = "user", _("the user")

    class Search(models.TextChoices):
        FOUND = "found", _("pages were found")
        FAILED = "failed", _("nothing was found")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    debate = models.ForeignKey(
        Debate, models.CASCADE, related_name="turns", verbose_name=_("debate")
    )
    number = models.PositiveIntegerField(_("number"))
    step = models.PositiveIntegerField(_("step of the plan"))
    stage = models.CharField(_("stage"), max_length=40)
    kind = models.CharField(_("call kind"), max_length=40, blank=True)
    speaker = models.CharField(_("speaker"), max_length=8, blank=True)  # "pro1"; "": the moderator
    target = models.CharField(_("spoken to"), max_length=8, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED
    )
    source = models.CharField(_("source"), max_length=10, choices=Source.choices, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    is_fresh = models.BooleanField(_("not from the store"), default=False)
    # the stored answer that it came from, or that was made of it
    answer_id = models.BigIntegerField(_("stored answer"), null=True, blank=True)
    call_id = models.UUIDField(_("call"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True)
    is_whole = models.BooleanField(_("the text is whole"), default=False)
    # of the web, for what it says; empty: nobody searched
    search = models.CharField(_("web search"), max_length=8, choices=Search.choices, blank=True)
    # the pages that its prompt had: [{"title", "url", "text"}, ...]
    citations = models.JSONField(_("sources"), default=list, blank=True)
    model_class = models.CharField(_("class"), max_length=10, blank=True)
    deployment = models.CharField(_("deployment"), max_length=160, blank=True)
    # of all its calls so far, when it ended
    cost_nanos = models.BigIntegerField(_("cost, nano-USD"), default=0)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    error = models.TextField(_("error"), blank=True)
    is_cancel_asked = models.BooleanField(default=False)
    rating = models.SmallIntegerField(_("rating"), null=True, blank=True)  # -1 or 1
    rating_note = models.CharField(_("note to the rating"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["debate", "number"]
        constraints = [
            models.UniqueConstraint(fields=["debate", "number"], name="one_turn_per_number"),
            models.UniqueConstraint(
                fields=["debate", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_turn_per_key",
            ),
            models.UniqueConstraint(
                fields=["debate"],
                condition=models.Q(status__in=["queued", "running"]),
                name="one_turn_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                condition=models.Q(status__in=["queued", "running"]),
                name="turns_to_do",
            )
        ]

    def __str__(self) -> str:
        return f"{self.debate_id}/{self.number}"


class TurnEvent(models.Model):
    """What a reader of a turn is sent, in order. Its SSE id is "<attempt>.<seq>".

    Written before it is sent: whoever comes back later, or to another process, misses nothing.
    """

    turn = models.ForeignKey(Turn, models.CASCADE, related_name="events")
    attempt = models.PositiveSmallIntegerField()
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    is_last = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("event of a turn")
        verbose_name_plural = _("events of turns")
        ordering = ["turn", "attempt", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["turn", "attempt", "seq"], name="one_event_per_id")
        ]

    def __str__(self) -> str:
        return f"{self.attempt}.{self.seq} {self.kind}"


class BackgroundCall(models.Model):
    """What a call behind the scenes found out, for the turns that need it.

    `used_by` is the call of the turn whose prompt it stood in; null: nobody has read it.
    """

    debate = models.ForeignKey(Debate, models.CASCADE, related_name="background_calls")
    kind = models.CharField(max_length=40)
    speaker = models.CharField(max_length=8, blank=True)
    step = models.PositiveIntegerField()  # of the plan: where it belongs
    call_id = models.UUIDField()
    text = models.TextField(blank=True)  # what was answered; "": nothing that can be used
    used_by = models.UUIDField(null=True)
    answer_id = models.BigIntegerField(null=True)  # the stored answer it is, if it is one
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("background call")
        verbose_name_plural = _("background calls")
        constraints = [
            models.UniqueConstraint(
                fields=["debate", "kind", "speaker", "step"], name="one_background_call"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.speaker}"
