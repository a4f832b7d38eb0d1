"""Keys on `/api/v1`: refused with a sentence in the caller's language."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ko-KR,ko;q=0.9", "등록되지 않은 API 키입니다. 키를 확인하거나 새로 만드세요."),
        ("en", "This API key is not known. Check it, or create a new one."),
        ("", "This API key is not known. Check it, or create a new one."),
    ],
)
def test_an_unknown_key_is_refused_in_the_callers_language(
    client: Client, language: str, sentence: str
) -> None:
    headers = {"authorization": "Bearer cc-nobody-x", "accept-language": language}
    reply = client.get("/api/v1/me/usage", headers=headers)
    assert reply.status_code == 401
    assert reply.json()["detail"] == sentence


def test_what_the_framework_says_is_in_korean_too(client: Client) -> None:
    headers = {"accept-language": "ko"}
    reply = client.post("/api/v1/me/usage", headers=headers)
    assert any("가" <= letter <= "힣" for letter in reply.json()["detail"])
