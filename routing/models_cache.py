"""Answers kept for everybody, the words that topics are known by, and what is made ahead."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.models_debates import Topic


class StoredAnswer(models.Model):
    """One variant of an answer that others may be given too: L2, and L3 where it was made ahead.

    `key` is the digest of `fields` and `route` (`routing.cache.keys`): exactly what enters the
    prompt, so no text that a user typed. The other columns repeat some of them, for pages.
    """

    class Origin(models.TextChoices):
        LIVE = "live", _("written for a debate")
        BATCH = "batch", _("made ahead in a batch")
        AHEAD = "ahead", _("made ahead, one by one")

    class End(models.TextChoices):
        RATED = "rated", _("rated badly")
        PURGED = "purged", _("purged by staff")
        REFRESHED = "refreshed", _("a newer one took its place")
        EXPIRED = "expired", _("too old")
        WRONG = "wrong", _("served for the wrong topic")

    key = models.CharField(_("key"), max_length=64)
    variant = models.PositiveSmallIntegerField(_("variant"))  # from 0
    kind = models.CharField(_("call kind"), max_length=40)
    topic_key = models.CharField(_("topic"), max_length=40, blank=True)
    side = models.CharField(_("side"), max_length=3, blank=True)  # of the catalogue's topic
    philosopher = models.CharField(_("philosopher"), max_length=64, blank=True)
    owner_id = models.BigIntegerField(_("owner"), null=True, blank=True)  # of the philosopher
    language = models.CharField(_("language"), max_length=8)
    route = models.CharField(_("route"), max_length=180)  # "premium anthropic/claude-opus-5-5"
    fields = models.JSONField(_("what the key is made of"), default=dict)
    text = models.TextField(_("text"))
    # the pages that a web search found for it: [{"title", "url", "text"}, ...]
    citations = models.JSONField(_("sources"), default=list, blank=True)
    usage = models.JSONField(_("usage"), default=dict)  # billing.usage.Usage
    deployment = models.CharField(_("deployment"), max_length=160)
    model_class = models.CharField(_("class"), max_length=10)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin.choices)
    call_id = models.UUIDField(_("made by call"))
    cost_nanos = models.BigIntegerField(_("cost of making it, nano-USD"), default=0)
    made_at = models.DateTimeField(_("made"))
    soft_until = models.DateTimeField(_("fresh until"))  # then still served, and made anew
    hard_until = models.DateTimeField(_("served until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)  # null: served
    ended_why = models.CharField(
        _("why it ended"), max_length=10, choices=End.choices, blank=True
    )
    served = models.PositiveIntegerField(_("times served"), default=0)
    served_at = models.DateTimeField(_("last served"), null=True, blank=True)
    saved_nanos = models.BigIntegerField(_("saved, nano-USD"), default=0)  # against the baseline
    ups = models.PositiveIntegerField(_("good ratings"), default=0)
    downs = models.PositiveIntegerField(_("bad ratings"), default=0)

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        constraints = [
            models.UniqueConstraint(
                fields=["key", "variant"], condition=models.Q(ended_at=None),
                name="one_answer_per_variant",
            )
        ]
        indexes = [
            models.Index(fields=["topic_key", "kind"], name="answers_by_topic"),
            models.Index(fields=["philosopher", "kind"], name="answers_by_philosopher"),
            models.Index(
                fields=["hard_until"], condition=models.Q(ended_at=None), name="answers_to_end"
            ),
            models.Index(fields=["call_id"], name="answers_by_call"),
            models.Index(
                fields=["owner_id"], condition=models.Q(owner_id__isnull=False),
                name="answers_by_owner",
            ),
            models.Index(
                fields=["ended_at"], condition=models.Q(ended_at__isnull=False),
                name="answers_to_delete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.topic_key} {self.philosopher} {self.side} #{self.variant}"


class AnswerSeen(models.Model):
    """Who was given which stored answer: nobody is given one text twice."""

    user_id = models.BigIntegerField()
    answer = models.ForeignKey(StoredAnswer, models.CASCADE, related_name="seen")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("stored answer that was seen")
        verbose_name_plural = _("stored answers that were seen")
        constraints = [
            models.UniqueConstraint(fields=["user_id", "answer"], name="one_sight_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.answer_id}"


class AnswerRating(models.Model):
    """What one user thinks of a stored answer: 1 or -1. They may change their mind."""

    answer = models.ForeignKey(StoredAnswer, models.CASCADE, related_name="ratings")
    user_id = models.BigIntegerField()
    rating = models.SmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("rating of a stored answer")
        verbose_name_plural = _("ratings of stored answers")
        constraints = [
            models.UniqueConstraint(fields=["answer", "user_id"], name="one_rating_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} {self.rating:+d}"


class TopicAlias(models.Model):
    """Other words for a topic of the catalogue. `norm`: normalised, looked up as it is.

    What one user chose is theirs alone (`proposed`) until a second one chooses the same, or staff
    approves. One that was reported as wrong is quarantined, and never proposed again.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ACTIVE = "active", _("in use")
        QUARANTINED = "quarantined", _("in quarantine")

    class Source(models.TextChoices):
        CHOSEN = "chosen", _("chosen by users")
        STAFF = "staff", _("entered by staff")
        REPORTED = "reported", _("reported as wrong")

    norm = models.CharField(_("normalised"), max_length=300)
    text = models.CharField(_("text"), max_length=300)
    language = models.CharField(_("language"), max_length=8)
    topic = models.ForeignKey(
        Topic, models.CASCADE, related_name="aliases", verbose_name=_("topic")
    )
    is_swapped = models.BooleanField(_("sides swapped"), default=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("other words for a topic")
        verbose_name_plural = _("other words for topics")
        constraints = [
            models.UniqueConstraint(
                fields=["norm", "topic", "is_swapped"], name="one_alias_per_meaning"
            ),
            models.UniqueConstraint(
                fields=["norm"], condition=models.Q(status="active"), name="one_active_alias"
            ),
        ]
        indexes = [models.Index(fields=["status", "-created_at"], name="aliases_by_status")]

    def __str__(self) -> str:
        return self.text


class AliasVote(models.Model):
    """A user who said that these words mean this topic."""

    alias = models.ForeignKey(TopicAlias, models.CASCADE, related_name="votes")
    user_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("vote for an alias")
        verbose_name_plural = _("votes for aliases")
        constraints = [
            models.UniqueConstraint(fields=["alias", "user_id"], name="one_vote_per_alias")
        ]

    def __str__(self) -> str:
        return f"{self.alias_id} {self.user_id}"


class TopicVector(models.Model):
    """Where a topic's title stands for one embedder. `vector`: float32, little-endian, length 1."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="vectors")
    language = models.CharField(max_length=8)
    embedder = models.CharField(max_length=64)  # its hash
    text_hash = models.CharField(max_length=64)  # of the title it was made from
    vector = models.BinaryField()

    class Meta:
        verbose_name = _("vector of a topic")
        verbose_name_plural = _("vectors of topics")
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "language", "embedder"], name="one_vector_per_embedder"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic_id} {self.language}"


class TopicCalibration(models.Model):
    """From which similarity on a text means a topic without asking, for one embedder and language.

    `errors` of `judged` were wrong at or above `threshold`; `bound` is the one-sided 95 % upper
    bound of the share of wrong ones, counted per topic. The newest active one counts.
    """

    language = models.CharField(_("language"), max_length=8)
    embedder = models.CharField(_("embedder"), max_length=64)  # its hash
    embedder_name = models.CharField(_("name of the embedder"), max_length=80)
    threshold = models.FloatField(_("means the topic from"))
    floor = models.FloatField(_("may mean the topic from"))
    judged = models.PositiveIntegerField(_("judged"))
    topics = models.PositiveIntegerField(_("topics"))
    errors = models.PositiveIntegerField(_("errors"))
    bound = models.FloatField(_("at most wrong, with 95 % certainty"))
    source = models.CharField(_("judged on"), max_length=200)
    made_at = models.DateTimeField(_("made"))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("calibration of the topic resolver")
        verbose_name_plural = _("calibrations of the topic resolver")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.embedder_name} {self.language} {self.threshold:.3f}"


class PrecomputeRun(models.Model):
    """Answers that are made ahead of demand: what was estimated, and what became of it.

    `order`: what it may choose from (kinds, languages, tier, horizon in days, ...); `estimate`: as
    it was shown before anybody said yes. Money in nano-USD.
    """

    class Status(models.TextChoices):
        ESTIMATED = "estimated", _("estimated")
        RUNNING = "running", _("running")
        STOPPING = "stopping", _("being stopped")
        FINISHED = "finished", _("finished")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")

    class Kind(models.TextChoices):
        AHEAD = "ahead", _("made ahead")
        REFRESH = "refresh", _("made anew")

    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind.choices, default=Kind.AHEAD
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    created_by = models.BigIntegerField(_("created by"), null=True)  # null: the schedule
    created_at = models.DateTimeField(_("created"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    order = models.JSONField(default=dict)
    estimate = models.JSONField(default=dict)
    budget_nanos = models.BigIntegerField(_("budget, nano-USD"))
    held_nanos = models.BigIntegerField(_("held, nano-USD"), default=0)
    cost_nanos = models.BigIntegerField(_("cost, nano-USD"), default=0)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("precompute run")
        verbose_name_plural = _("precompute runs")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"


class PrecomputeBatch(models.Model):
    """One batch at a provider. The row is there before the provider is asked."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("to be sent")
        SENT = "sent", _("at the provider")
        ENDED = "ended", _("answered")
        READ = "read", _("read in")
        LOST = "lost", _("lost")

    run = models.ForeignKey(PrecomputeRun, models.CASCADE, related_name="batches")
    deployment = models.CharField(_("deployment"), max_length=160)
    level = models.PositiveSmallIntegerField(_("step"))  # later steps read what earlier ones wrote
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    provider_id = models.CharField(_("id at the provider"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("created"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    asked_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    # nobody looks before; whoever looks moves it on, so that one process has the batch
    next_at = models.DateTimeField(_("asked again"), null=True, blank=True)
    # those after which it may be at the provider
    tries = models.PositiveIntegerField(_("tries to send it"), default=0)
    # of its results beside those of our items: {"twice": 1, "unknown": 2, "unreadable": 1}
    counts = models.JSONField(default=dict)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["run", "pk"]

    def __str__(self) -> str:
        return f"{self.deployment} {self.provider_id or self.pk}"


class PrecomputeItem(models.Model):
    """One answer to be made ahead. `call_id` is its name at the provider, and in the ledger."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("to be made")
        SENT = "sent", _("at the provider")
        MADE = "made", _("made")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired at the provider")
        SKIPPED = "skipped", _("not needed any more")

    run = models.ForeignKey(PrecomputeRun, models.CASCADE, related_name="items")
    batch = models.ForeignKey(PrecomputeBatch, models.SET_NULL, null=True, related_name="items")
    call_id = models.UUIDField(unique=True)
    key = models.CharField(max_length=64)
    variant = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40)
    topic_key = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    deployment = models.CharField(max_length=160)
    fields = models.JSONField(default=dict)
    expected_uses = models.FloatField()  # before it is too old
    status = models.CharField(max_length=10, choices=Status.choices)
    cost_nanos = models.BigIntegerField(default=0)
    answer = models.ForeignKey(StoredAnswer, models.SET_NULL, null=True, related_name="+")
    # the old one, whose number it takes: only in runs that make answers anew
    replaces = models.ForeignKey(
        StoredAnswer, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("answer to be made ahead")
        verbose_name_plural = _("answers to be made ahead")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "key", "variant"], name="one_item_per_variant"
            )
        ]
        indexes = [models.Index(fields=["run", "status", "level"], name="items_to_do")]

    def __str__(self) -> str:
        return f"{self.kind} {self.topic_key} #{self.variant}"
