"""What a file holds, however it is sent."""

from typing import Any

from asgiref.sync import async_to_sync


def said_in(response: Any) -> str:
    assert response.status_code == 200
    content = async_to_sync(_whole)(response) if response.streaming else response.content
    return str(content.decode())


async def _whole(response: Any) -> bytes:
    return b"".join([part async for part in response])
