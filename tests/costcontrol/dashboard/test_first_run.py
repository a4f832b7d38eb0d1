"""The first three steps, and a test call that is a call like any other."""

import html
import re

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import Tier, User
from billing.models import UsageRecord
from costcontrol.dashboard import first_run
from costcontrol.dashboard.first_run import language_of_question
from costcontrol.dashboard.health import Model
from routing.cache import exact
from routing.models import Deployment
from routing.types import DeploymentSpec, ModelClass
from tests.costcontrol.dashboard.conftest import Page
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.usefixtures("committed")
SEND = "/dashboard/first-call/"
PART = {"HX-Request": "true"}
CLASSES = ("local", "economy", "mid", "premium")


@pytest.fixture
def model(alice: User) -> Deployment:
    """A local model that says words: the only one that is not off.

    Claude Opus, without a key, is the baseline.
    """
    defaults_copy()
    Deployment.objects.exclude(provider="anthropic").update(is_enabled=False)
    return Deployment.objects.create(
        name="fake/words", provider="fake", model="words", model_class="local",
        languages=["en", "ko"], price_provider="local",
    )


def spec(name: str, *languages: str, model_class: str = "local") -> DeploymentSpec:
    return DeploymentSpec(name, "fake", name, ModelClass(model_class), languages=languages)


def text_of(said: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", said)).split())


def send(page: Page, **data: str) -> str:
    response = page.post(SEND, data, headers=PART)
    assert response.status_code == 200
    return text_of(response.content.decode())


# --- the steps ----------------------------------------------------------------------------------


def test_each_open_step_says_the_next_action() -> None:
    off = Model(spec("a"), no_key="set OPENAI_API_KEY")
    local, cloud, call = first_run.steps((off,), has_call=False)
    assert (local.is_done, cloud.is_done, call.is_done) == (False, False, False)
    assert "OPENAI_API_KEY" in cloud.command
    assert "ollama" in local.command
    assert not call.is_test_call  # nobody could answer it


def test_steps_that_are_done_name_what_does_them() -> None:
    models = (Model(spec("llama")), Model(spec("gpt", model_class="mid")))
    local, cloud, call = first_run.steps(models, has_call=True)
    assert (local.is_done, cloud.is_done, call.is_done) == (True, True, True)
    assert "llama" in local.note


def test_a_local_model_that_is_loading_is_no_done_step() -> None:
    local, *_rest = first_run.steps((Model(spec("a"), problem="still loading"),), has_call=False)
    assert not local.is_done
    assert "still loading" in local.note


def test_the_list_goes_away_when_all_is_done(
    page: Page, model: Deployment, settings: LazySettings
) -> None:
    send(page)
    assert "Three steps to start" in text_of(page.get("/dashboard/").content.decode())
    settings.ANTHROPIC_API_KEY = "sk-ant-test"
    assert "Three steps to start" not in text_of(page.get("/dashboard/").content.decode())


# --- the language of the question ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "wanted", "asked"),
    [
        ((Model(spec("a", "en", "ko")),), "ko", "ko"),
        ((Model(spec("a", "en")),), "ko", "en"),
        ((Model(spec("a", "en")), Model(spec("b", "ko"), problem="down")), "ko", "en"),
        ((Model(spec("a", "en")), Model(spec("b", "ko", model_class="premium"))), "ko", "en"),
        ((), "ko", "ko"),
    ],
)
def test_it_is_one_that_a_model_who_can_answer_speaks(
    models: tuple[Model, ...], wanted: str, asked: str
) -> None:
    assert language_of_question(models, wanted=wanted, allowed=("local",)) == asked


def test_another_language_than_the_pages_is_said(page: Page, model: Deployment) -> None:
    Deployment.objects.filter(pk=model.pk).update(languages=["en"])
    said = page.post(SEND, headers=PART | {"Accept-Language": "ko"}).content.decode()
    assert html.escape(first_run.QUESTIONS["en"]) in said
    assert '<q lang="en">' in said
    assert "<blockquote" in said


# --- the call -----------------------------------------------------------------------------------


def test_it_shows_answer_route_cost_baseline_saving_and_time(
    page: Page, model: Deployment
) -> None:
    said = send(page)
    record = UsageRecord.objects.get()
    assert "[simulated] word1" in said
    assert "Answered by fake/words (Local models)" in said
    assert "Cost $0.00" in said
    assert record.baseline in said
    assert record.baseline_nanos
    assert "Saved (estimated)" in said


def test_it_is_made_with_the_plan_of_who_sends_it(
    page: Page, alice: User, model: Deployment
) -> None:
    send(page)
    record = UsageRecord.objects.get()
    assert (record.user_id, record.tier, record.key_prefix) == (alice.pk, "premium", "")
    assert record.outcome == UsageRecord.Outcome.COMPLETE


def test_sent_twice_it_is_made_once_and_shown_twice(page: Page, model: Deployment) -> None:
    once, again = send(page, once="abc123"), send(page, once="abc123")
    assert once == again
    assert UsageRecord.objects.count() == 1


def test_sent_anew_it_comes_from_the_cache(page: Page, model: Deployment) -> None:
    send(page, once="first")
    said = send(page, once="second")
    assert "the cache, with an earlier answer of fake/words" in said
    assert "Cost $0.00" in said


def test_sent_anew_to_another_process_it_comes_from_the_shared_cache(
    page: Page, model: Deployment
) -> None:
    send(page, once="first")
    exact.memory.clear()  # what only this process remembers
    assert "the cache, with an earlier answer of fake/words" in send(page, once="second")


@pytest.mark.parametrize("once", ["", "x" * 5_000, "a b", "<script>", "\x00", "é"])
def test_a_strange_name_of_a_call_is_replaced(page: Page, model: Deployment, once: str) -> None:
    assert "[simulated]" in send(page, once=once)


def test_a_refusal_is_shown_as_its_sentence(page: Page, alice: User, model: Deployment) -> None:
    Tier.objects.filter(name="premium").update(requests_per_day=0)
    said = send(page)
    assert "There was no answer" in said
    assert "Limit reached" in said


def test_a_model_that_is_down_is_shown_as_a_sentence(page: Page, model: Deployment) -> None:
    Deployment.objects.filter(pk=model.pk).update(model="down")
    said = send(page)
    assert "There was no answer" in said
    assert "Traceback" not in said


def test_without_scripts_the_answer_is_a_page(page: Page, model: Deployment) -> None:
    said = page.post(SEND).content.decode()
    assert "<html" in said
    assert "[simulated]" in said


def test_a_form_from_elsewhere_is_refused(page: Page, model: Deployment) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = page.client.cookies
    assert page.run(lambda: strict.post(SEND).status_code) == 403
    assert not UsageRecord.objects.exists()


def test_it_cannot_be_made_by_following_a_link(page: Page, model: Deployment) -> None:
    assert page.get(SEND).status_code == 405
    assert not UsageRecord.objects.exists()
