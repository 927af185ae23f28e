import pytest

from mevqa.data.talking import read_talking
from mevqa.errors import InputError


def test_stretches_are_read_by_video(tmp_path):
    path = tmp_path / "talking.csv"
    path.write_text("video,begin,end,first_frame,last_frame\na.mp4,0.1,1.0,3,30\nb,0,1,0,29\na,2,3,60,90\n")
    assert read_talking(path) == {"a": [(3, 30), (60, 90)], "b": [(0, 29)]}


def test_every_problem_is_named_with_its_line(tmp_path):
    path = tmp_path / "talking.csv"
    path.write_text("video,first_frame,last_frame\na,9,3\n,1,2\nb,x,5\nc,1.5,4\nd,,4\n")
    with pytest.raises(InputError) as caught:
        read_talking(path)
    message = str(caught.value)
    for line, reason in (
        (2, "first and last frame, 9 and 3, are not in order"),
        (3, "names no video"),
        (4, "the first frame must be a number, not 'x'"),
        (5, "the first frame must be a whole number, not '1.5'"),
        (6, "has no first frame"),
    ):
        assert f"talking.csv:{line}: {reason}" in message
    path.write_text("clip,from,until\na,1,2\n")
    with pytest.raises(InputError, match="needs the columns video, first_frame and last_frame"):
        read_talking(path)


def test_a_stretch_with_a_cell_beyond_the_header_is_refused(tmp_path):
    path = tmp_path / "talking.csv"
    path.write_text("video,first_frame,last_frame\na,1,5,9\nb,1,5,\n")
    with pytest.raises(InputError) as caught:
        read_talking(path)
    assert [problem.line for problem in caught.value.problems] == [2]
    assert "has 4 cells, the header 3: quote cells with commas" in str(caught.value)
