import pytest

from mevqa.errors import InputError
from mevqa.files.whole import PART_ENDING, is_vacant, part_of, whole_folder, write_whole
from mevqa.training.merged_folder import check_target


def test_the_folder_takes_its_name_when_it_is_complete(tmp_path):
    target = tmp_path / "new" / "merged"
    with whole_folder(target) as filling:
        (filling / "weights").write_text("all")
        assert not target.exists() and filling.parent == target.parent
    assert [path.name for path in target.parent.iterdir()] == ["merged"]
    assert (target / "weights").read_text() == "all"


def test_an_empty_folder_is_taken(tmp_path):
    target = tmp_path / "merged"
    target.mkdir()
    check_target(target, {})
    with whole_folder(target) as filling:
        (filling / "weights").write_text("all")
    assert (target / "weights").is_file()


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_goes_wrong_leaves_nothing_behind(fault, tmp_path):
    with pytest.raises(fault), whole_folder(tmp_path / "new" / "deep" / "merged") as filling:
        (filling / "inner").mkdir()
        (filling / "inner" / "weights").write_text("half")
        raise fault
    assert list(tmp_path.iterdir()) == []


def test_parents_that_others_use_are_left_where_the_work_fails(tmp_path):
    with pytest.raises(ValueError), whole_folder(tmp_path / "new" / "merged") as filling:
        (filling.parent / "notes.txt").write_text("mine")
        raise ValueError
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="merged: cannot be made: "), whole_folder(tmp_path / "file" / "merged"):
        raise AssertionError


def test_what_a_killed_process_left_is_cleared_and_written_anew(tmp_path):
    target = tmp_path / "merged"
    part = part_of(target)
    (part / "inner").mkdir(parents=True)
    (part / "inner" / "weights").write_text("half")
    (part / "config.json").write_text("half")
    with whole_folder(target) as filling:
        assert filling == part and is_vacant(filling)
        (filling / "weights").write_text("all")
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    assert [path.name for path in target.iterdir()] == ["weights"]


def test_folders_of_others_beside_the_target_are_left_alone(tmp_path):
    for name in ("merged-part", ".merged.part", f".other{PART_ENDING}"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("mine")
    with whole_folder(tmp_path / "merged") as filling:
        (filling / "weights").write_text("all")
    assert all((path / "thesis.txt").is_file() for path in tmp_path.iterdir() if path.name != "merged")


def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    write_whole(path, "old\n")
    assert path.read_bytes() == b"old\n"
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old\n"
    monkeypatch.undo()
    (tmp_path / "scores.json").unlink()
    assert is_vacant(tmp_path)
    write_whole(path, b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["scores.json"] and path.read_bytes() == b"new"
