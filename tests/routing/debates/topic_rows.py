"""A small catalogue, and the real embedder with a calibration of its own."""

from typing import Any

from accounts.models import Member, Organisation, Tier, User
from accounts.types import Caller
from costcontrol.lib import clock
from routing.debates.topic_index import forget
from routing.debates.topic_vectors import topics_embed
from routing.embeddings import Embedder, embedder
from routing.models import Topic, TopicCalibration

TITLES = {
    "clone": ("인간 복제를 허용해야 하는가?", "Should human cloning be allowed?"),
    "god": ("신은 존재하는가?", "Does God exist?"),
    "will": ("자유의지는 존재하는가?", "Does free will exist?"),
    "five": ("다섯 사람을 살리기 위해 한 사람을 희생시켜도 되는가?",
             "Is it permissible to sacrifice one person in order to save five?"),
    "aim": ("인생의 목표는 행복이어야 하는가, 덕이어야 하는가?",
            "Should the aim of life be happiness or virtue?"),
}  # fmt: skip


def topics_make() -> None:
    Topic.objects.bulk_create(
        Topic(
            key=key, ko=ko, en=en, category="ethics",
            form="either_or" if key == "aim" else "yes_no",
            pro_is="first_option" if key == "aim" else "yes",
            default_cast={"pro": ["kant"], "con": ["hegel"]},
        )
        for key, (ko, en) in TITLES.items()
    )


def model() -> Embedder:
    found = embedder()
    assert found is not None
    return found


def calibrate(*, threshold: float = 0.8, floor: float = 0.4, **columns: Any) -> None:
    """Both languages, for the embedder in use."""
    for language in ("ko", "en"):
        TopicCalibration.objects.create(**{
            "language": language, "embedder": model().hash, "embedder_name": model().name,
            "threshold": threshold, "floor": floor, "judged": 300, "topics": 300, "errors": 0,
            "bound": 0.01, "source": "a test", "made_at": clock.now(), **columns,
        })  # fmt: skip
    forget()


def ready(**columns: Any) -> None:
    """Topics, their vectors and a calibration."""
    topics_make()
    topics_embed(model())
    calibrate(**columns)


def caller(email: str, *, organisation: Organisation | None = None) -> Caller:
    user = User.objects.create_user(email, tier=a_tier())
    if organisation:
        Member.objects.create(user=user, organisation=organisation, role=Member.Role.MEMBER)
    return Caller.signed_in(User.objects.select_related("member__organisation").get(pk=user.pk))


def organisation(name: str) -> Organisation:
    return Organisation.objects.create(name=name, tier=a_tier())


def a_tier() -> Tier:
    return Tier.objects.get_or_create(name="premium", defaults={"title": "Premium"})[0]
