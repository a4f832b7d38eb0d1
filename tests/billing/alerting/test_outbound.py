"""Where messages may go: public addresses, over TLS, to the address that was looked at."""

import time

import pytest
from pytest_django import Settings

from billing.alerting import outbound
from billing.alerting.outbound import NotSent, is_public, place_of, post
from tests.billing.alerting.receiver import Receiver, receiving

NOT_PUBLIC = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::",
    "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "fec0::1",
    "nonsense", "",
)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://0x7f000001/x",
        "https://2130706433/x", "https://127.1/x", "https://[::ffff:127.0.0.1]/x",
        "https://10.0.0.7:8443/x", "https://169.254.169.254/latest/meta-data",
    ],
)
def test_nothing_is_sent_into_a_private_network(url: str) -> None:
    with pytest.raises(NotSent, match="private network"):
        place_of(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/x", "https"), ("ftp://example.com/x", "https"), ("x", "https"),
        ("file:///etc/passwd", "https"), ("https://", "no web address"),
        ("https://user:pw@8.8.8.8/", "password"), ("https://8.8.8.8:99999/", "no web address"),
        ("https://8.8.8.8/a b", "no web address"), ("https://8.8.8.8/\r\nX: y", "no web address"),
        ("https://8.8.8.8/é", "no web address"), ("https://[::1/", "no web address"),
    ],
)
def test_what_is_no_address_is_said_without_repeating_it(url: str, words: str) -> None:
    with pytest.raises(NotSent, match=words) as refused:
        place_of(url)
    assert url not in str(refused.value)


def test_a_place_keeps_name_and_address_apart() -> None:
    place = place_of("https://8.8.8.8:8443/a?b=c#d")
    assert (place.host, place.ip, place.port) == ("8.8.8.8", "8.8.8.8", 8443)
    assert (place.path, place.is_tls) == ("/a?b=c", True)


def test_the_connection_goes_to_the_address_that_was_looked_at(receiver: Receiver) -> None:
    """The name would lead elsewhere if it were asked once more."""
    port = int(receiver.url.rpartition(":")[2])
    place = outbound.Place(
        is_tls=False, host="hooks.example.invalid", port=port, path="/x", ip="127.0.0.1"
    )
    with outbound._answer(place, b"{}", {}) as reply:
        assert reply.status == 200
    path, headers, body = receiver.got[0]
    assert (path, headers["host"], body) == ("/x", f"hooks.example.invalid:{port}", b"{}")


def test_private_addresses_only_with_the_setting_for_development(settings: Settings) -> None:
    with receiving() as server:
        settings.ALERTS_ALLOW_PRIVATE = True
        assert post(server.url, b"{}", {}) == 200
        settings.ALERTS_ALLOW_PRIVATE = False
        with pytest.raises(NotSent):
            post(server.url, b"{}", {})
        with pytest.raises(NotSent, match="private"):
            post(server.url.replace("http:", "https:"), b"{}", {})
        assert len(server.got) == 1


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, f"{receiver.url}/elsewhere"
    with pytest.raises(NotSent, match="redirect"):
        post(receiver.url, b"{}", {})
    assert [path for path, _, _ in receiver.got] == ["/"]


def test_an_answer_that_drips_is_cut_off(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "DEADLINE_S", 0.3)
    receiver.drip_s = 0.05
    began = time.monotonic()
    with pytest.raises(NotSent):
        post(receiver.url, b"{}", {})
    assert time.monotonic() - began < 5


def test_the_deadline_holds_while_the_line_is_being_made(receiver: Receiver) -> None:
    port = int(receiver.url.rpartition(":")[2])
    connection = outbound._Pinned(outbound.Place(False, "x.invalid", port, "/", "127.0.0.1"))
    connection.cut()
    with pytest.raises(TimeoutError):
        connection.connect()
    connection.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://127.0.0.1:9/", "could not be connected"), ("https://x.invalid/", "no server")],
)
def test_what_went_wrong_is_said(settings: Settings, url: str, words: str) -> None:
    settings.ALERTS_ALLOW_PRIVATE = True
    with pytest.raises(NotSent, match=words):
        post(url, b"{}", {})


def test_a_server_without_a_certificate_is_not_sent_to(receiver: Receiver) -> None:
    with pytest.raises(NotSent, match="secure connection"):
        post(receiver.url.replace("http:", "https:"), b"{}", {})
