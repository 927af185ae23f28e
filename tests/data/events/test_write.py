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
