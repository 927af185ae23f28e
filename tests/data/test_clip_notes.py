"""Tables of notes about clips."""

from __future__ import annotations

import pytest

from mevqa.data.clip_notes import read_clip_notes, write_clip_notes
from mevqa.errors import InputError


def test_an_unquoted_comma_does_not_cut_a_note(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("clip,note\na,The brow lowers, then the lid tightens.\nb,Quiet.,,\n")
    with pytest.raises(InputError) as caught:
        read_clip_notes(path)
    assert str(caught.value).endswith("notes.csv:2: has 3 cells, the header 2: quote cells with commas")
    notes = {"a": "The brow lowers, then the lid tightens.", "b": "Quiet."}
    write_clip_notes(path, notes)
    assert read_clip_notes(path) == notes
