"""Files of one JSON object."""

import pytest

from mevqa.errors import InputError
from mevqa.files.json_file import read_json_object


def test_an_object_is_read(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": [1, "\\ud83d\\ude00"]}')
    assert read_json_object(tmp_path / "a.json") == {"a": [1, "\U0001f600"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b"\xff", "is not UTF-8 at byte 1"),
        (b'{"a":\n 1,}', "a.json:2: is not JSON"),
        (b'{"a": ' * 100 + b"1" + b"}" * 100, "nested too deeply"),
        (b'{"a": ' + b"[" * 5000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is no JSON value"),
        (b'{"a": 1, "a": 1}', "stands twice"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5000 digits"),
        (b'{"a": "\\ud83d"}', "half a character"),
    ],
)
def test_every_fault_is_one_line_with_the_mend(tmp_path, content, words):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_json_object(tmp_path / "a.json", "; make it anew")
    assert words in str(caught.value) and str(caught.value).endswith("; make it anew")


def test_what_is_no_file_is_one_line(tmp_path):
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(InputError, match="cannot be read"):
            read_json_object(path)
