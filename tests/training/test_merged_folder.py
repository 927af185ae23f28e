import pytest

from mevqa.errors import InputError
from mevqa.training.merged_folder import check_target, whole_folder


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
