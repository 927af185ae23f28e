"""Zips of submissions: packing that is wrong, damaged, locked or not a zip at all."""

import struct
import tarfile
import warnings
import zipfile

import pytest

from mevqa.errors import InputError
from mevqa.submission.archive import is_archive, read_archive

NAME = "me_vqa_samm_test_pred.jsonl"
ROWS = b'{"video_id": "samm_test_SAMM-1_1", "video": "SAMM-1", "question": "Why?", "answer": "yes"}\n' * 9


def pack(path, *entries, method=zipfile.ZIP_DEFLATED):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as package:
        warnings.simplefilter("ignore", UserWarning)
        for name, content in entries:
            package.writestr(name, content)
    return path


def patched(path, offset, *, local, field):
    """Return a zip with a field of its directory (and of the entry's own header) changed."""
    content = bytearray(pack(path, (NAME, ROWS)).read_bytes())
    start = content.rfind(b"PK\x01\x02") + offset
    content[start : start + len(field)] = field
    if local is not None:
        content[local : local + len(field)] = field
    path.write_bytes(content)
    return path


def messages(path):
    try:
        archive = read_archive(path, (NAME,))
    except InputError as error:
        return [problem.message for problem in error.problems]
    assert (
        not (archive.members and archive.problems) or archive.repairable or "no question file" in str(archive.problems)
    )
    return [problem.message for problem in archive.problems]


@pytest.mark.parametrize(
    ("offset", "local", "field", "message"),
    [
        (8, 6, b"\x01\x00", "is locked with a password"),
        (10, 8, struct.pack("<H", 9), "is compressed by Deflate64"),
        (10, 8, struct.pack("<H", 93), "is compressed by Zstandard"),
        (10, 8, struct.pack("<H", 77), "is compressed by method 77"),
        (10, 8, struct.pack("<H", 99), "is locked with a password"),
        (16, 14, b"abcd", "is damaged (Bad CRC-32"),
        (20, None, struct.pack("<I", 10), "is damaged"),
        (24, None, struct.pack("<I", 10), "is damaged"),
        (42, None, struct.pack("<I", 1 << 20), "is damaged"),
        (6, None, struct.pack("<H", 99), "is a damaged zip"),
        (38, None, struct.pack("<I", 0o120777 << 16), "is a symbolic link"),
    ],
)
def test_members_that_cannot_be_read_are_one_line(offset, local, field, message, tmp_path):
    (problem,) = messages(patched(tmp_path / "a.zip", offset, local=local, field=field))
    assert message in problem and "\n" not in problem


def test_damaged_bits_are_one_line(tmp_path):
    path = pack(tmp_path / "a.zip", (NAME, ROWS))
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    (problem,) = messages(path)
    assert problem.startswith("is damaged (")


@pytest.mark.parametrize("name", [f"sub/{NAME}", f"sub\\{NAME}", f"a/b/{NAME}"])
def test_a_file_in_a_folder_is_read_and_repairable(name, tmp_path):
    archive = read_archive(pack(tmp_path / "a.zip", ("sub/", b""), (name, ROWS)), (NAME,))
    assert archive.problems == archive.repairable and "must stand at the top" in archive.problems[0].message
    assert archive.members == {NAME: ROWS}


@pytest.mark.parametrize("name", [f"../{NAME}", f"/tmp/{NAME}", f"C:\\{NAME}", f"a/../../{NAME}"])
def test_paths_that_lead_out(name, tmp_path):
    (problem,) = messages(pack(tmp_path / "a.zip", (name, ROWS)))
    assert "leads out" in problem


def test_files_of_operating_systems_are_cosmetic(tmp_path):
    litter = [(f"__MACOSX/._{NAME}", b"x"), (".DS_Store", b"x"), ("Thumbs.db", b""), ("desktop.ini", b"")]
    archive = read_archive(pack(tmp_path / "a.zip", (NAME, ROWS), *litter), (NAME,))
    assert not archive.problems and archive.members == {NAME: ROWS}
    assert [problem.message for problem in archive.cosmetic] == [
        f"holds '__MACOSX/._{NAME}' and 3 more, files of the operating system"
    ]


def test_two_of_one_name_are_not_read(tmp_path):
    assert messages(pack(tmp_path / "a.zip", (NAME, ROWS), (NAME, ROWS))) == [f"holds {NAME!r} twice; keep one"]
    assert f"holds {NAME!r} twice; keep one" in messages(pack(tmp_path / "b.zip", (NAME, ROWS), (f"x/{NAME}", b"")))


def test_bombs_are_refused_before_they_are_read(tmp_path):
    assert messages(pack(tmp_path / "a.zip", (NAME, b"0" * (65 << 20)))) == [
        "unpacks to more than 64 MB; it is no submission"
    ]
    many = pack(tmp_path / "b.zip", *((f"f{number}", b"") for number in range(1001)))
    assert messages(many) == ["holds 1001 files; it is no submission"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_that_can_be_read(method, tmp_path):
    archive = read_archive(pack(tmp_path / "a.zip", (NAME, ROWS), method=method), (NAME,))
    assert archive.members == {NAME: ROWS} and not archive.problems
    assert bool(archive.cosmetic) == (method != zipfile.ZIP_STORED)


@pytest.mark.parametrize("kept", [slice(0, 60), slice(0, -30), slice(0, -5)])
def test_a_zip_that_was_cut_is_refused(kept, tmp_path):
    path = pack(tmp_path / "a.zip", (NAME, ROWS))
    path.write_bytes(path.read_bytes()[kept])
    with pytest.raises(InputError, match="is not a zip, or a damaged one"):
        is_archive(path)


def test_other_archives_are_named(tmp_path):
    path = tmp_path / "a.zip"
    for content, kind in (
        (b"Rar!\x1a\x07\x01\x00", "a RAR"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z"),
        (b"\x1f\x8b\x08", "gzip"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"is .*{kind}"):
            is_archive(path)
    with tarfile.open(path, "w") as package:
        package.add(__file__)
    with pytest.raises(InputError, match="is a tar archive"):
        is_archive(path)
