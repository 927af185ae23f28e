"""Media elsewhere: listed and fetched through fsspec, problems in one line."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from mevqa.errors import InputError
from mevqa.files.remote import RemoteFile, is_remote, list_remote, local_copy

VIDEOS = frozenset({".mp4", ".avi"})


@pytest.fixture
def bucket():
    store = fsspec.filesystem("memory")
    for name in ("b.MP4", "a.avi", "notes.txt"):
        store.pipe_file(f"/bucket/{name}", name.encode())
    yield "memory://bucket"
    store.rm("/bucket", recursive=True)


def test_a_folder_stands_for_its_videos_and_a_file_for_itself(bucket):
    files = list_remote(bucket, VIDEOS)
    assert [(file.name, file.stem, file.suffix) for file in files] == [("a.avi", "a", ".avi"), ("b.MP4", "b", ".MP4")]
    assert list_remote(f"{bucket}/b.MP4", VIDEOS) == [RemoteFile("memory://bucket/b.MP4")]
    assert str(files[0]).startswith("memory://") and not files[0].is_dir()


def test_a_file_is_fetched_under_its_name_and_deleted_again(bucket):
    with local_copy(RemoteFile(f"{bucket}/b.MP4")) as path:
        assert path.name == "b.MP4" and path.read_bytes() == b"b.MP4"
    assert not path.exists()
    with local_copy(Path("here.mp4")) as path:
        assert path == Path("here.mp4")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://nowhere", "cannot be listed: FileNotFoundError"),
        ("nothing://x", "cannot be read: ValueError: Protocol not known"),
    ],
)
def test_urls_that_cannot_be_listed_are_named(url, message):
    with pytest.raises(InputError, match=message) as caught:
        list_remote(url, VIDEOS)
    assert str(caught.value).startswith(f"{url}: ")


def test_a_folder_without_videos_and_a_file_that_is_gone(bucket):
    with pytest.raises(InputError, match=r"holds no file that ends in \.mov"):
        list_remote(bucket, frozenset({".mov"}))
    with pytest.raises(InputError, match="cannot be fetched"), local_copy(RemoteFile(f"{bucket}/gone.mp4")):
        pass


def test_only_what_has_a_scheme_is_elsewhere():
    assert is_remote("s3://b/x.mp4") and not is_remote("x.mp4") and not is_remote(Path("s3://b/x.mp4"))
