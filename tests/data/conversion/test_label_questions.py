"""Questions made of the coded clips of a label file."""

import pytest

from mevqa.cli import main
from mevqa.data.conversion.convert import convert
from mevqa.data.official import read_questions
from mevqa.errors import InputError


def test_the_coded_clips_of_a_label_file_are_asked_for_their_classes(tmp_path, capsys):
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "clip,dataset,subject,onset,apex,offset,fine,coarse\n"
        "a,casme2,s01,1,4,9,repression,\nb,casme2,s02,1,4,9,,surprise\nc,casme2,s02,1,4,9,others,\n"
    )
    assert main(["convert", str(labels), str(tmp_path / "questions.jsonl")]) == 0
    printed = capsys.readouterr()
    assert "a label file" in printed.out and "3 questions about 2 clips, 3 with an answer" in printed.out
    assert "1 clips without one expression of a class that is asked for: c" in printed.err
    read = read_questions(tmp_path / "questions.jsonl").questions
    rows = [
        (question.clip_id, question.subject, question.dataset, question.type, question.reference) for question in read
    ]
    assert rows == [
        ("a", "s01", "casme2", "coarse", "negative"),
        ("a", "s01", "casme2", "fine", "repression"),
        ("b", "s02", "casme2", "coarse", "surprise"),
    ]


def test_a_table_that_is_neither_questions_nor_labels_says_what_is_wrong(tmp_path):
    (tmp_path / "other.csv").write_text("clip,weight\na,3\n")
    with pytest.raises(InputError, match="other.csv:1: is not a JSON object"):
        convert(tmp_path / "other.csv", tmp_path / "out.jsonl")
