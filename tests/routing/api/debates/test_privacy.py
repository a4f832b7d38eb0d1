"""What a debate holds is its owner's: no cache keeps it, no strange byte breaks what reads it."""

import pytest
from django.test import Client

from routing.models import Debate
from tests.routing.api.debates.client import Frontend

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NUL = "%00"


@pytest.mark.parametrize("path", [f"/api/v1/replays/{NUL}", f"/replays/{NUL}/", "/replays/é/"])
def test_a_link_that_was_never_given_out_is_unknown_whatever_is_in_it(
    anybody: Client, path: str
) -> None:
    assert anybody.get(path).status_code == 404


def test_a_replay_is_found_by_no_search_and_kept_by_no_cache(
    api: Frontend, anybody: Client
) -> None:
    debate_id = api.create()["id"]
    Debate.objects.update(status="finished", is_public=True, share_key="k-1")
    data, page = anybody.get("/api/v1/replays/k-1"), anybody.get("/replays/k-1/")
    assert (data.status_code, data["X-Robots-Tag"]) == (200, "noindex")
    assert data["Cache-Control"] == "no-cache"
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert b'content="noindex"' in page.content
    for text in (data.content, page.content):
        assert debate_id.encode() not in text
        assert api.user.email.encode() not in text  # type: ignore[union-attr]


def test_a_topic_of_the_catalogue_with_a_strange_name_is_unknown(api: Frontend) -> None:
    reply = api.post("debates/estimate", {"topic_id": "\0"})
    assert (reply.status_code, reply.json()["code"]) == (404, "topic_unknown")


@pytest.mark.parametrize("path", ["debates", "debates/{id}", "philosophers", "me/usage"])
def test_what_somebody_reads_of_their_own_is_kept_by_no_cache(api: Frontend, path: str) -> None:
    reply = api.get(path.format(id=api.create()["id"]))
    assert reply.status_code == 200
    assert reply["Cache-Control"] == "no-store"
