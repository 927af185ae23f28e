"""The sentence of the signals, and its way into the prompt and the fingerprint of a run."""

import math

import pytest

from mevqa.api.evaluation.evaluate import evaluate
from mevqa.cli import main
from mevqa.data.clip_notes import read_clip_notes
from mevqa.errors import InputError
from mevqa.models.mock import MockModel
from mevqa.physiology.features.definition import feature_groups
from mevqa.physiology.sentence import describe, read_template
from mevqa.questions.prompts import PromptLibrary
from mevqa.synthetic.writer import synthesise

FEAR = {"heart_rate": 82.3, "heart_rate_change": 6.4, "pulse_amplitude_change": -0.3, "scr_count": 1.0}
FEAR |= {"scr_amplitude": 0.412, "skin_temperature_change": -0.05}


@pytest.fixture(scope="module")
def template():
    return read_template()


def test_a_sentence_says_what_rose_and_fell_and_what_was_not_recorded(template):
    assert describe(FEAR, template) == (
        "Physiological signals of this person, compared with the seconds before the expression: heart rate rose by 6 "
        "beats a minute to 82; the pulse became weaker by 26 %; the skin conductance showed a response of 0.41 "
        "microsiemens; the skin became cooler by 0.05 degrees Celsius. Not recorded: EEG, breathing."
    )


def test_small_changes_are_none_and_missing_features_are_not_spoken_of(template):
    text = describe({"heart_rate": 70, "heart_rate_change": 0.5, "scr_count": 0, "scr_amplitude": 0}, template)
    assert "heart rate stayed at 70 beats a minute; the skin conductance showed no response." in text
    assert "pulse" not in text and "nan" not in text
    assert describe(dict.fromkeys(feature_groups(), math.nan), template) == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("feature: scr_count", "feature: scr_cuont", "unknown feature 'scr_cuont'; did you mean 'scr_count'?"),
        ("{scr_amplitude:.2f}", "{scr:.2f}", "unknown placeholder 'scr'"),
        ("between:", "betwen:", "unknown key 'betwen'; did you mean 'between'?"),
    ],
)
def test_a_template_with_mistakes_names_the_line(tmp_path, old, new, message):
    from mevqa.physiology import sentence

    path = tmp_path / "own.yaml"
    path.write_text(sentence._TEMPLATE.read_text(encoding="utf-8").replace(old, new))
    with pytest.raises(InputError) as error:
        read_template(path)
    assert message in str(error.value) and f"{path}:" in str(error.value)


def test_the_command_writes_a_note_for_each_video(tmp_path, capsys):
    features = tmp_path / "features.csv"
    rows = ["a,1,2,4,75", "b,1,2,0.1,75", "b,9,12,-8,64", "c,1,2,,"]
    features.write_text("\n".join(["video,onset,offset,heart_rate_change,heart_rate", *rows]) + "\n")
    out = tmp_path / "notes.csv"
    assert main(["physiology", "describe", str(features), "--out", str(out)]) == 0
    assert "notes of 2 videos; a:" in capsys.readouterr().out
    notes = read_clip_notes(out)
    assert "heart rate rose by 4 beats a minute to 75" in notes["a"] and list(notes) == ["a", "b"]
    assert notes["b"].count(": heart rate") == 2 and "fell by 8" in notes["b"]
    features.write_text("video,onset,offset,heart_rate\nc,1,2,\n")
    assert main(["physiology", "describe", str(features), "--out", str(out)]) == 2
    assert "has no measured feature of which the template speaks" in capsys.readouterr().err


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return synthesise(tmp_path_factory.mktemp("clips") / "set", clips=2, seed=5)


def run(clips, out, model, **more):
    return evaluate(clips.to_answer, model, out=out, media=clips.folder, annotations=clips.annotations, **more)


def test_a_note_stands_in_the_prompt_of_its_clip_alone_and_in_the_fingerprint(clips, tmp_path):
    first, second = sorted(plan.id for plan in clips.plans)
    table = tmp_path / "notes.csv"
    table.write_text(f"clip,note\n{first.upper()},heart rate rose\nelsewhere,nothing\n")
    model = MockModel()
    made = run(clips, tmp_path / "run", model, notes=table, variant="default")
    systems = [call.system for call in model.calls]
    assert len(systems) == 2 and sum(text.endswith("\n\nheart rate rose") for text in systems) == 1
    assert made.manifest["notes"] == str(table)
    plain = run(clips, tmp_path / "plain", MockModel(), variant="default")
    with_note, without = (result.manifest["decides"] for result in (made, plain))
    assert "notes" in with_note and "notes" not in without
    table.write_text(f"clip,note\n{first},heart rate fell\n")
    with pytest.raises(InputError, match="notes"):
        run(clips, tmp_path / "run", MockModel(), notes=table, variant="default")
    assert second


def test_models_that_read_no_prompt_are_told_of(clips, tmp_path):
    table = tmp_path / "notes.csv"
    table.write_text(f"clip,note\n{clips.plans[0].id},heart rate rose\n")
    with pytest.raises(InputError, match="prompt variant 'brief' has no text before the pictures"):
        run(clips, tmp_path / "run", MockModel(), notes=table, variant="brief")
    assert not PromptLibrary.load(None, "brief").takes_notes and PromptLibrary.load().takes_notes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,note\nx,hello\n", "has a note for none of the 2 clips: it names 'x', a clip is"),
        ("clip,note\nx,\n,y\n", "notes.csv:2: has no note"),
        ("clip,note\nx,a\nx,b\n", "notes.csv:3: the clip 'x' has a note in line 2 too"),
        ("clip,text1\nx,a\n", "closest: notes of clips, which needs note"),
        ("clip,note\n", "has columns and no rows"),
    ],
)
def test_mistakes_in_a_table_of_notes_are_one_line(clips, tmp_path, text, message):
    table = tmp_path / "notes.csv"
    table.write_text(text)
    with pytest.raises(InputError) as error:
        run(clips, tmp_path / "run", MockModel(), notes=table, variant="default")
    assert message in str(error.value)
