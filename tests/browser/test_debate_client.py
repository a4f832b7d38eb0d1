"""The code of the guide for frontend developers, as it stands there: in Chromium, from another
address than the server's, with a token, while the server is killed in the middle of a turn; and
its commands in a shell."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import ApiKey, User
from accounts.services import api_key_issue
from routing.models import CallKindRow, Debate, Deployment, Turn
from tests.browser import rows
from tests.browser.frontend import frontend, token_for
from tests.flows.rows import connected_to, name_of, new_database
from tests.routing.api.debates.test_guide import CLIENT, section
from tests.services.debating import Debating, running_debating
from tests.services.product import free_port
from tests.services.theatre import Theatre, theatre

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ORDER = {"topic": "Should machines have rights?", "seat": "con1",
         "cast": {"pro": ["kant"], "con": ["nietzsche"]}}
QUICK = {"first_s": 0.0, "tokens_s": 20_000.0, "piece_s": 0.01}
SLOW = {"first_s": 0.0, "tokens_s": 60.0, "piece_s": 0.03}  # an introduction takes some seconds
SAYS_A_TURN = "() => heard.some((event) => event.event === 'delta')"


@dataclass(frozen=True)
class Stage:
    house: Theatre
    upstream: Debating
    key: ApiKey
    secret: str
    friend: int  # the port of the frontend that the server was told of

    def token(self) -> str:
        return token_for(self.key, "debater-7", url=self.house.url)


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Stage]:
    folder, friend = tmp_path_factory.mktemp("stage"), free_port()
    origin = {"API_ORIGINS": f"http://localhost:{friend}"}
    with (
        django_db_blocker.unblock(), running_debating() as upstream, new_database(folder) as url,
        connected_to(name_of(url)),
    ):
        key, secret = service_make()
        with theatre(folder, database_url=url, **upstream.env, **origin) as house:
            house.open()
            yield Stage(house, upstream, key, secret, friend)


def service_make() -> tuple[ApiKey, str]:
    """A frontend's service account, and a user of theirs on a plan with good models."""
    rows.people_make()
    Deployment.objects.filter(provider="embedded").update(is_enabled=False)
    CallKindRow.objects.update(may_be_template=False)  # a turn that is there at once cannot die
    service = User.objects.create_user("app@example.com", tier_id="premium")
    User.objects.create(owner=service, external_id="debater-7", tier_id="premium", email=None)
    return api_key_issue(user=service, scopes=("call", "service"), actor="test")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Without routes: with any, Playwright answers preflights itself."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def test_client_plays_a_whole_debate_though_the_server_dies(stage: Stage, page: Page) -> None:
    stage.upstream.will(**SLOW)
    with frontend(CLIENT, port=stage.friend, token=stage.token) as address:
        page.goto(address)
        page.wait_for_function("() => window.isReady")
        begin = "([base, order]) => { window.done = begin(base, order); }"
        page.evaluate(begin, [stage.house.url, ORDER])
        page.wait_for_function(SAYS_A_TURN)
        web = stage.house.parts["web"]
        web.kill()
        assert Turn.objects.get().status == "running"
        stage.upstream.will(**QUICK)
        web.start()
        web.wait()
        end, heard = page.evaluate("async () => [await window.done, heard]")
    assert (end["status"], len(end["turns"])) == ("finished", 14)
    is_what_was_said(end, heard)


def is_what_was_said(end: dict[str, Any], heard: list[dict[str, Any]]) -> None:
    """Each event came once, and together they are the debate."""
    debate = Debate.objects.get(pk=end["id"])
    assert User.objects.get(pk=debate.user_id).external_id == "debater-7"
    turns = list(Turn.objects.filter(debate=debate).order_by("number"))
    said: dict[int, str] = {}
    numbers: dict[int, list[str]] = {}
    number = 0
    for event in heard:
        number = event["data"]["turn"] if event["event"] == "turn.started" else number
        numbers.setdefault(number, []).append(event["id"])
        said[number] = said.get(number, "") + event["data"].get("text", "")
    assert [said[turn.number] for turn in turns] == [turn.text for turn in turns]
    assert all(len(ids) == len(set(ids)) for ids in numbers.values())
    assert next(turn.text for turn in turns if turn.source == "user") == "I do not think so."
    assert heard[-1]["event"] == "debate.completed"


def test_frontend_that_was_not_named_cannot_call(stage: Stage, page: Page) -> None:
    with frontend(CLIENT, port=free_port(), token=stage.token) as address:
        page.goto(address)
        page.wait_for_function("() => window.isReady")
        call = "([base, order]) => begin(base, order).catch((error) => error.name)"
        before = Debate.objects.count()
        assert page.evaluate(call, [stage.house.url, ORDER]) == "TypeError"
    assert Debate.objects.count() == before


def test_refusal_reaches_the_page_as_a_problem(stage: Stage, page: Page) -> None:
    with frontend(CLIENT, port=stage.friend, token=stage.token) as address:
        page.goto(address)
        page.wait_for_function("() => window.isReady")
        call = "([base, order]) => begin(base, order).catch((error) => error.problem.code)"
        assert page.evaluate(call, [stage.house.url, ORDER | {"topic": ""}]) == "topic_blocked"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_commands_of_the_guide_do_what_it_says(stage: Stage, tmp_path: Path) -> None:
    stage.upstream.will(**QUICK)
    script = section("By hand").partition("```sh\n")[2].partition("```")[0]
    run = partial(subprocess.run, capture_output=True, text=True, timeout=60, check=True)
    env = {"KEY": stage.secret, "BASE": stage.house.url, "PATH": "/usr/bin:/bin"}
    out = run(["sh", "-eu", "-c", script], cwd=tmp_path, env=env).stdout
    parts = [
        '"high_credits":', '"quota_after":', '"status":"queued"', "event: turn.completed\n",
        '"steps_done":1', '"status":"cancelled"',
    ]
    places = [out.find(part) for part in parts]
    assert -1 not in places, out
    assert places == sorted(places)
