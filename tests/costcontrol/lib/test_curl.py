"""A request as a command that can be pasted into a shell."""

import json
import subprocess

import pytest

from costcontrol.lib import curl

TEXTS = ["it's", 'a "quote"', "two\nlines", "$(touch /x) `id` \\ !", "철학자", "'; rm -rf /; '"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_shell_reads_exactly_what_was_meant(text: str) -> None:
    command = curl.command("http://x/v1?a=1&b='", {"content": text}, bearer="KEY")
    shown = subprocess.run(
        ["sh", "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}; {command}"],
        capture_output=True, check=True,
    ).stdout.decode().split("\0")[:-1]
    assert shown[0] == "http://x/v1?a=1&b='"
    assert shown[1:-1] == [
        "-H", "Authorization: Bearer KEY", "-H", "Content-Type: application/json", "-d",
    ]
    assert json.loads(shown[-1]) == {"content": text}
