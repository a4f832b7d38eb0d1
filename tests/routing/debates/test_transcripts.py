"""A debate to read: as a file for whoever had it, and for everybody who has the link."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from accounts.services import tiers_load
from costcontrol.lib import clock
from routing.debates import services, shown, transcripts
from routing.debates.errors import DebateUnknown
from routing.models import Debate, Turn
from tests.routing.debates.playing import debate_make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def user() -> User:
    tiers_load()
    return User.objects.create_user("dora@example.org", tier_id="premium")


def spoken(user: User, **columns: object) -> Debate:
    """Four turns: the moderator, the user, one that failed, and an answer."""
    facts = {"seat": "pro1", "status": "finished", "finished_at": NOON} | columns
    debate = debate_make(user, **facts)
    said = (
        ("opening", "", "", "live", "completed", "Good evening."),
        ("pro_argument", "pro1", "", "user", "completed", "# I *say* no."),
        ("con_argument", "con1", "", "live", "failed", "Half a sen"),
        ("interactive_argument", "con1", "pro1", "live", "completed", "**Why** not?"),
    )
    for step, (stage, speaker, target, source, status, text) in enumerate(said):
        Turn.objects.create(
            debate=debate, number=step + 1, step=step, stage=stage, kind="", speaker=speaker,
            target=target, source=source, status=status, text=text, created_at=clock.now(),
            deployment="fake/mid", cost_nanos=5_000_000,
        )
    return debate


def whole(debate: Debate) -> shown.Whole:
    return shown.whole_of(Debate.objects.get(pk=debate.pk))


def test_markdown_has_headings_speakers_and_what_was_said(user: User) -> None:
    text = transcripts.export_markdown(whole(spoken(user)))
    assert text == (
        "# Is it right to lie?\n\n"
        "- **For**: Kant (you)\n- **Against**: Hume\n\n"
        "## Opening\n\n**Moderator**\n\nGood evening.\n\n"
        "## Arguments for\n\n**Kant**\n\n\\# I \\*say\\* no.\n\n"
        "## Attack and defence\n\n**Hume → Kant**\n\n**Why** not?\n"
    )


def test_what_models_write_is_markdown_that_does_nothing(user: User) -> None:
    debate = spoken(user)
    said = "*1 < 2*, [a](https://a.example) <img src=x onerror=y></p><!-- ![p](//evil.example/p)"
    Turn.objects.filter(debate=debate, number=4).update(text=said)
    last = transcripts.export_markdown(whole(debate)).splitlines()[-1]
    assert last == (
        "*1 < 2*, [a](https://a.example) \\<img src=x onerror=y>\\</p>\\<!-- "
        "!\\[p](//evil.example/p)"
    )


def test_a_korean_debate_has_the_names_of_its_language(user: User) -> None:
    text = transcripts.export_markdown(whole(spoken(user, language="ko")))
    assert "**hume → kant**" in text


def test_the_topic_cannot_become_markdown(user: User) -> None:
    debate = spoken(user, topic="Is [this](javascript:x) <b>right</b>?")
    heading = transcripts.export_markdown(whole(debate)).splitlines()[0]
    assert heading == "# Is \\[this\\](javascript:x) \\<b\\>right\\</b\\>?"


def test_a_user_who_passed_has_said_so(user: User) -> None:
    debate = spoken(user)
    Turn.objects.filter(source="user").update(text="")
    assert "**Kant**\n\n*passed*" in transcripts.export_markdown(whole(debate))


@pytest.mark.parametrize(
    ("topic", "begin"),
    [("Is it right to lie?", "Is-it-right-to-lie-"), ("거짓말은 나쁜가?", "거짓말은-나쁜가-"),
     ('../../etc/passwd\r\nSet-Cookie: a="b"', "etc-passwd-Set-Cookie-a-b-"), ("?!", "debate-"),
     ("x" * 300, "x" * 60 + "-")],
)  # fmt: skip
def test_file_names_are_safe_everywhere(user: User, topic: str, begin: str) -> None:
    debate = Debate(topic=topic)
    assert transcripts.file_name(debate, "md") == f"{begin}{str(debate.pk)[:8]}.md"


def test_json_has_all_that_was_the_users_and_nothing_of_money(user: User) -> None:
    debate = spoken(user, context="Mine.")
    Turn.objects.filter(number=1).update(rating=1, rating_note="Nice.")
    body = transcripts.export_json(whole(debate), at=NOON)
    assert (body["context"], body["exported_at"]) == ("Mine.", NOON)
    assert [turn["text"] for turn in body["turns"]] == [
        "Good evening.", "# I *say* no.", "**Why** not?"
    ]
    assert (body["turns"][0]["rating"], body["turns"][0]["rating_note"]) == (1, "Nice.")
    assert not {"cost_nanos", "credits", "deployment"} & set(body["turns"][0])


class TestReplay:
    def test_it_shows_what_was_said_and_not_by_whom(self, user: User) -> None:
        debate = services.debate_share(spoken(user, context="Mine."), is_public=True)
        body = transcripts.replay_json(whole(debate))
        assert [(turn["speaker_name"], turn["source"]) for turn in body["turns"]] == [
            ("Moderator", "live"), ("user", "user"), ("Hume", "live")
        ]
        assert body["has_users_texts"]
        assert body["stream"] == f"/api/v1/replays/{debate.share_key}/stream"
        told = str(body)
        for private in (str(user.uuid), str(debate.pk), "Mine.", "dora", "fake/mid"):
            assert private not in told

    def test_it_is_found_by_its_link_while_that_is_public(self, user: User) -> None:
        debate = services.debate_share(spoken(user), is_public=True)
        key = debate.share_key
        assert transcripts.replay_get(key) == debate
        services.debate_share(debate, is_public=False)
        for link in (key, "", "nothing"):
            with pytest.raises(DebateUnknown, match="no replay"):
                transcripts.replay_get(link)

    @pytest.mark.parametrize("status", ["open", "paused", "cancelled"])
    def test_only_what_is_finished_is_replayed(self, user: User, status: str) -> None:
        debate = spoken(user, status=status, is_public=True, share_key="k" * 24)
        with pytest.raises(DebateUnknown):
            transcripts.replay_get(debate.share_key)
        assert shown.replay_url(debate) is None
