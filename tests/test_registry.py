import pytest

from mevqa.errors import InputError
from mevqa.registry import Registry
from mevqa.spotting.registry import SPOTTERS, find_spotter
from mevqa.video.views.registry import register_view, view_names


def test_a_name_is_taken_once_and_an_unknown_one_gets_advice():
    colours = Registry("colour", "--colour")
    colours.add("red", 1)
    with pytest.raises(ValueError, match="a colour named 'red' is registered already"):
        colours.add("red", 2)
    with pytest.raises(InputError, match="--colour: unknown colour 'rde'; did you mean 'red'?"):
        colours.find("rde")
    assert colours.find("red") == 1 and colours.names == ("red",)
    assert list(map(str, colours.unknown(["red", "blue"]))) == ["--colour: unknown colour 'blue'; known: red"]


def test_a_module_is_imported_when_its_name_is_asked_for():
    later = Registry("spotter", "--spotter", {"motion": "mevqa.spotting.motion.spotter"})
    assert later.names == ("motion",)
    assert SPOTTERS.find("motion") is find_spotter("motion")


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_test_registers_is_forgotten_after_it(number):
    assert "mine" not in view_names()
    register_view("mine")(lambda source: [])
    find_spotter("motion")
