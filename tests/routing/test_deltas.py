"""Pieces of tool calls, put together again."""

from routing.deltas import merged


def piece(index: int, arguments: str, **more: object) -> dict[str, object]:
    function = {"arguments": arguments} | ({"name": more.pop("name")} if "name" in more else {})
    return {"tool_calls": [{"index": index, "function": function} | more]}


def test_nothing_beside_text_is_none() -> None:
    assert merged([]) is None


def test_pieces_of_two_calls_become_two_calls() -> None:
    whole = merged([
        piece(0, "", id="a", type="function", name="look_up"), piece(0, '{"q":'), piece(0, "1}"),
        piece(1, "{}", id="b", type="function", name="stop"),
    ])
    assert whole == {
        "tool_calls": [
            {"index": 0, "id": "a", "type": "function",
             "function": {"name": "look_up", "arguments": '{"q":1}'}},
            {"index": 1, "id": "b", "type": "function",
             "function": {"name": "stop", "arguments": "{}"}},
        ]
    }


def test_names_that_a_server_repeats_are_not_doubled() -> None:
    pieces = [piece(0, "{", id="a", type="function"), piece(0, "}", id="a", type="function")]
    assert merged(pieces) == {
        "tool_calls": [
            {"index": 0, "id": "a", "type": "function", "function": {"arguments": "{}"}}
        ]
    }


def test_whole_calls_without_an_index_keep_their_order() -> None:
    whole = merged([{"tool_calls": [{"id": "a"}, {"id": "b"}]}])
    assert whole == {"tool_calls": [{"id": "a", "index": 0}, {"id": "b", "index": 1}]}


def test_a_refusal_in_pieces_becomes_one_text() -> None:
    assert merged([{"refusal": "I "}, {"refusal": "will not."}]) == {"refusal": "I will not."}
