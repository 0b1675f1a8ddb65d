"""Messages in a file that grows."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from recsyn.engines.telling import heard_in, tell_in


def test_each_message_is_heard_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "told"
    assert heard_in(path, 0) == ([], 0)
    tell_in(path, "a")
    tell_in(path, {"b": 1})
    messages, place = heard_in(path, 0)
    assert messages == ["a", {"b": 1}]
    assert heard_in(path, place) == ([], place)
    tell_in(path, None)
    assert heard_in(path, place)[0] == [None]


@given(st.lists(st.binary(max_size=300), max_size=5), st.data())
def test_wherever_a_file_is_read_no_message_is_lost_or_torn(tmp_path_factory, messages, data) -> None:
    path = tmp_path_factory.mktemp("cut") / "told"
    for message in messages:
        tell_in(path, message)
    written = path.read_bytes() if messages else b""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=6)))
    heard, place = [], 0
    for cut in [*cuts, len(written)]:
        path.write_bytes(written[:cut])
        more, place = heard_in(path, place)
        heard += more
    assert heard == messages


def test_a_folder_that_is_gone_stops_no_work(tmp_path: Path) -> None:
    tell_in(tmp_path / "gone" / "told", "a")
