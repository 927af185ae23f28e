import pytest

from mevqa.errors import InputError
from mevqa.scoring.answers.presets import answer_preset, answer_presets, switch_values


def test_every_preset_says_what_it_is_and_sets_every_switch():
    from mevqa.scoring.answers.presets import Switches

    for name, preset in answer_presets().items():
        assert preset.about, name
        assert preset.model_fields_set == set(Switches.model_fields), name


def test_the_presets_that_the_suites_name_exist():
    assert {"megc2025-vqa", "megc2025-hfips", "megc2026-vqa", "megc2026-lvqa"} <= set(answer_presets())


def test_a_switch_is_changed_and_the_preset_is_not():
    assert answer_preset("megc2026-vqa", ["classes=vocabulary", "stemmer=true"]).stemmer is True
    assert answer_preset("megc2026-vqa").classes == "reference"


def test_mistakes_are_named_together():
    with pytest.raises(InputError) as raised:
        answer_preset("megc2026-vqa", ["clases=union", "bleu=5", "rows"])
    messages = [problem.message for problem in raised.value.problems]
    assert "did you mean 'classes'" in messages[0]
    assert "one of corpus, sentence" in messages[1]
    assert "NAME=VALUE" in messages[2]


def test_every_switch_has_its_values():
    assert switch_values()["stemmer"] == ("true", "false")
    assert set(switch_values()) == set(answer_preset("megc2026-vqa").as_protocol())
