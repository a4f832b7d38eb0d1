"""Buying in a demo: never at the real Stripe, and remembered from one start to the next."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.services import tiers_load
from costcontrol.demo import banner, folder, shopper
from costcontrol.demo.folder import Marker
from costcontrol.supervisor import parts, simulated_stripe
from tests.services.product import free_port, manage

PROJECT = settings.BASE_DIR


def test_it_has_an_address_when_the_demos_file_names_a_port(tmp_path: Path) -> None:
    folder.marker_write(tmp_path, Marker(port=1, stripe_port=4711))
    assert simulated_stripe.address(tmp_path, PROJECT) == "http://127.0.0.1:4711"


@pytest.mark.parametrize("written", [json.dumps({"port": 1}), "{", "[]", '{"stripe_port": "x"}'])
def test_it_has_none_when_the_file_names_no_port(tmp_path: Path, written: str) -> None:
    assert simulated_stripe.address(tmp_path, PROJECT) == ""
    (tmp_path / folder.MARKER).write_text(written)
    assert simulated_stripe.address(tmp_path, PROJECT) == ""


def test_a_project_without_tests_has_nothing_to_buy(tmp_path: Path) -> None:
    folder.marker_write(tmp_path, Marker(port=1, stripe_port=4711))
    assert simulated_stripe.address(tmp_path, project=tmp_path) == ""


def test_a_demo_never_uses_real_keys(tmp_path: Path) -> None:
    folder.marker_write(tmp_path, Marker(port=1, stripe_port=4711))
    show = "from django.conf import settings as s; print(s.STRIPE_SECRET_KEY, s.STRIPE_API_BASE)"
    done = manage(
        "shell", "-v", "0", "-c", show, folder=tmp_path,
        STRIPE_SECRET_KEY="sk_live_real", STRIPE_API_BASE="https://api.stripe.com",
    )  # fmt: skip
    assert done.stdout.split() == ["sk_test_demo", "http://127.0.0.1:4711"]


def test_the_environment_of_a_demo_has_no_stripe_in_it(tmp_path: Path) -> None:
    inherited = folder.environment(tmp_path, {"STRIPE_SECRET_KEY": "sk_live_real", "HOME": "/"})
    assert not [name for name in inherited if name.startswith("STRIPE_")]


@contextmanager
def running(folder: Path, port: int) -> Iterator[stripe.StripeClient]:
    address = f"http://127.0.0.1:{port}"
    command = simulated_stripe.command(address, folder=folder, product="http://127.0.0.1:9")
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        while not simulated_stripe.is_open(address):
            assert process.poll() is None, "it ended at once"
            time.sleep(0.02)
        yield stripe.StripeClient(simulated_stripe.KEY, base_addresses={"api": address})
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_what_was_bought_is_there_after_the_next_start(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as client:
        made = client.v1.customers.create({"email": "daniel@mail.example"})
    assert (tmp_path / simulated_stripe.STATE).stat().st_mode & 0o777 == 0o600
    with running(tmp_path, port) as client:
        assert [it.id for it in client.v1.customers.list().data] == [made.id]


@pytest.mark.django_db
def test_a_newcomer_can_be_one_of_its_customers(tmp_path: Path, settings: Any) -> None:
    tiers_load()
    User.objects.create_user(shopper.EMAIL, tier_id="free")
    marker = shopper.furnish(tmp_path, Marker(port=1, is_finished=True))
    assert marker == folder.marker_read(tmp_path)
    assert shopper.furnish(tmp_path, marker) == marker

    login = {"login": marker.customer_email, "password": marker.customer_password}
    assert Client().post("/login/", login).status_code == 302
    settings.DEMO_STRIPE = ""
    assert marker.customer_password not in banner.ready("http://x", marker)
    settings.DEMO_STRIPE = "http://127.0.0.1:4711"
    assert marker.customer_password in banner.ready("http://x", marker)


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:4711"])
def test_a_demo_starts_it_if_it_has_one(tmp_path: Path, settings: Any, address: str) -> None:
    settings.DEMO, settings.DEMO_STRIPE, settings.DATA_DIR = True, address, tmp_path
    folder.marker_write(tmp_path, Marker(port=1))
    names = [it.name for it in parts.choose_parts(with_broker=False, with_local_model=False)]
    assert ("stripe" in names) == bool(address)
    assert names[-4:] == ["web", "debates", "worker", "beat"]
