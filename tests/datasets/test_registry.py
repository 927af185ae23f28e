"""The registry of data sets: the released ones, and own definitions."""

from __future__ import annotations

import pytest

from mevqa.datasets import (
    DatasetDefinition,
    UnknownDataset,
    canonical_dataset,
    dataset,
    dataset_names,
    datasets,
    is_dataset,
    kind_rule,
    known_dataset,
    register_dataset,
    taxonomy,
    video_name_pattern,
)
from mevqa.errors import InputError
from mevqa.facs import coarse_of

MINE = """\
name: mine
title: My Clips
aliases: [my clips]
fps: 120
classes: [disgust, happiness]
labels:
  - columns: {onset: [from], offset: [until], emotion: [feeling]}
    required: [subject, filename, onset, offset, emotion]
    names: {subject: "p{number:02}", clip: "{subject}_{filename}"}
    numbering: {first: 1, video: true}
"""


@pytest.fixture
def write_definition(tmp_path):
    def write(text=MINE):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_taxonomies_of_the_data_sets():
    assert taxonomy("casme2").fine == ("disgust", "happiness", "repression", "surprise")
    assert taxonomy("CASME II") == taxonomy("casme2")
    assert "contempt" in taxonomy("samm").fine and "repression" not in taxonomy("samm").fine
    assert taxonomy("smic").fine == taxonomy("never heard of").fine
    assert set(taxonomy("unknown").fine) >= {
        name for data in ("casme2", "samm", "casme3") for name in taxonomy(data).fine
    }
    for name in ("casme2", "samm", "casme3", "smic", "synthetic"):
        assert taxonomy(name).coarse == ("positive", "negative", "surprise")
        assert all(coarse_of(fine) in taxonomy(name).coarse for fine in taxonomy(name).fine)


def test_coarse_merge():
    classes = taxonomy("casme3")
    assert classes.coarse_of("Happy") == "positive"
    assert classes.coarse_of("repression") == "negative"
    assert classes.coarse_of("surprise") == "surprise"
    assert classes.coarse_of("others") is None
    assert classes.coarse_of("hungry") is None


def test_data_set_names():
    names = {
        "CASME II": "casme2",
        "casme2": "casme2",
        "CAS(ME)^3": "casme3",
        "SMIC-HS": "smic",
        "SAMM": "samm",
        "": "unknown",
    }
    assert {name: canonical_dataset(name) for name in names} == names
    assert is_dataset("casme2") and is_dataset("CAS(ME)^3") and not is_dataset("union") and not is_dataset("my own")


def test_what_a_data_set_leaves_out_is_that_of_unknown_ones():
    assert dataset("never heard of").name == "unknown" and dataset("CASME II").name == "casme2"
    assert kind_rule("casme3") == "quarter-second-apex" and kind_rule("never heard of") == "half-second"
    assert video_name_pattern("mmew") == video_name_pattern("unknown") != video_name_pattern("samm")


def test_every_data_set_is_found_under_all_its_names():
    for definition in datasets():
        assert {canonical_dataset(name) for name in (definition.name, definition.title, *definition.aliases)} >= {
            definition.name
        }
        assert definition.fps or definition.name == "synthetic"


def test_a_name_that_is_none_suggests_the_nearest():
    with pytest.raises(UnknownDataset, match=r"did you mean 'casme3'\? Known: 4dme, casme, .*synthetic"):
        known_dataset("casme4")
    assert known_dataset("unknown") == "unknown"


def test_an_own_data_set_is_known_everywhere(write_definition, tmp_path):
    from mevqa.data.annotations import read_annotations

    register_dataset(write_definition())
    assert "mine" in dataset_names() and is_dataset("My Clips") and taxonomy("mine").fine == ("disgust", "happiness")
    table = tmp_path / "labels.csv"
    table.write_text("Subject,File,From,Until,Feeling\nS7,a,3,9,happy\n", encoding="utf-8")
    clip = read_annotations(table)["p07_a"]
    assert (clip.dataset, clip.subject, clip.fps, clip.annotation.onset, clip.annotation.fine) == (
        "mine",
        "p07",
        120.0,
        2,
        "happiness",
    )


def test_a_registered_data_set_replaces_itself_and_no_other(write_definition):
    register_dataset(write_definition())
    register_dataset(write_definition(MINE.replace("120", "90")))
    assert dataset("mine").fps == 90
    with pytest.raises(InputError, match="the name 'casme ii' is that of the data set casme2"):
        register_dataset(write_definition(MINE.replace("my clips", "casme ii")))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("[disgust,", "[hunger,", 5, "'hunger' is not an emotion class"),
        ("{subject}_{filename}", "{person}_{filename}", 7, "no column for person"),
        ("{subject}_{filename}", "{subject}_{0}", 9, "{0} that is neither a field nor a group"),
        ("{number:02}", "{number.real}", 9, "{number.real} that is neither a field nor a group"),
        ("until]", "until], offse: [x]", None, None),
        ("offset: [until], ", "", 7, "no column for offset"),
        ("first: 1", "first: -1", 10, "greater than or equal to 0"),
        ("fps: 120", "fsp: 120", 4, "did you mean 'fps'"),
    ],
)
def test_mistakes_in_a_definition_have_their_lines(write_definition, old, new, line, message):
    path = write_definition(MINE.replace(old, new))
    if message is None:
        register_dataset(path)
        return
    with pytest.raises(InputError) as caught:
        register_dataset(path)
    assert [(p.line, message in p.message) for p in caught.value.problems if message in p.message] == [(line, True)]


def test_the_command_line_registers_a_file(write_definition, capsys):
    from mevqa.cli import main

    path = write_definition()
    assert main(["--dataset-file", str(path), "ask", "missing.mp4", "why?", "--dataset", "my clips"]) == 2
    assert capsys.readouterr().err == "mevqa ask: missing.mp4: there is no such file or folder\n"
    assert is_dataset("mine")
    assert main(["--dataset-file", str(write_definition(MINE.replace("fps", "fsp"))), "env"]) == 2
    assert f"{path}:4: unknown key 'fsp'; did you mean 'fps'?" in capsys.readouterr().err


def test_a_definition_may_be_made_in_python(write_definition):
    definition = DatasetDefinition.model_validate({"name": "mine", "title": "Mine", "classes": ["fear"]})
    assert register_dataset(definition) is definition and dataset("mine") is definition
