"""Tables of events that are written while videos are spotted."""

from __future__ import annotations

import pytest

from mevqa.data.events.write import EventTable
from mevqa.errors import InputError


def test_a_row_that_was_changed_by_hand_is_one_line(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,onset,offset\na,1,2\n\nb,3,4,\n")
    with pytest.raises(InputError) as caught:
        EventTable(path, ("video", "onset", "offset"))
    assert "events.csv:4: has 4 cells, the header 3: correct the row" in str(caught.value)
    path.write_text("video,onset,offset\na,1,2\n\n")
    EventTable(path, ("video", "onset", "offset")).put("b", [("b", "3", "4")])
    assert path.read_text().endswith("b,3,4\n")


def test_a_table_that_is_not_utf8_is_one_line(tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes(b"video,onset,offset\n\xe9,1,2\n")
    with pytest.raises(InputError, match="is not the table of events of a run; move it away"):
        EventTable(path, ("video", "onset", "offset"))


def test_a_last_row_that_was_torn_within_a_character_is_left_out(tmp_path):
    path = tmp_path / "events.csv"
    path.write_bytes("video,onset,offset\na,1,2\né".encode()[:-1])
    EventTable(path, ("video", "onset", "offset")).put("b", [("b", "3", "4")])
    assert path.read_text("utf-8").splitlines() == ["video,onset,offset", "a,1,2", "b,3,4"]
