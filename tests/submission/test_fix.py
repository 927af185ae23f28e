"""Submissions written anew where only their form is wrong."""

import json
import zipfile

import pytest

from mevqa.cli import main
from mevqa.data.official import read_questions
from mevqa.errors import InputError
from mevqa.submission.fix import fix_submission
from mevqa.submission.validator import check_submission

NAME = "me_vqa_samm_test"
PREDICTIONS = f"{NAME}_pred.jsonl"


@pytest.fixture
def questions(tmp_path):
    rows = [
        {"video_id": f"samm_test_SAMM-{n}_1", "video": f"SAMM-{n}", "question": "Why?\u00e9", "answer": ""}
        for n in (1, 2, 3)
    ]
    path = tmp_path / f"{NAME}_to_answer.jsonl"
    path.write_text("\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows), "utf-8")
    return read_questions(path)


@pytest.fixture
def official(questions):
    return questions.render({question.id: f" {question.id} \u00e4\u2028" for question in questions.questions})


def restyled(official, **style):
    return b"\n".join(json.dumps(json.loads(line), **style).encode() for line in official.split(b"\n"))


def with_reversed_keys(official):
    rows = [dict(reversed(json.loads(line).items())) for line in official.split(b"\n")]
    return "\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows).encode()


FORMS = {
    "nothing": (lambda text: text, []),
    "CR LF": (
        lambda text: text.replace(b"\n", b"\r\n") + b"\r\n",
        ["3 lines end with LF, not CR LF", "the last line ends like that of the question file"],
    ),
    "mark": (lambda text: b"\xef\xbb\xbf" + text, ["the byte order mark is left out"]),
    "blank": (lambda text: b"\n" + text.replace(b"\n", b"\n \n"), ["3 blank lines are left out"]),
    "UTF-16": (lambda text: text.decode().encode("utf-16"), ["it is UTF-16, not UTF-8: now UTF-8 with LF"]),
    "CR": (
        lambda text: text.replace(b"\n", b"\r"),
        ["it ends its lines with CR alone, not with LF: now UTF-8 with LF"],
    ),
    "spaces": (lambda text: restyled(text, ensure_ascii=False), ["spaces in 3 rows"]),
    "escapes": (lambda text: restyled(text, separators=(",", ":")), ["escapes of characters in 3 rows"]),
    "keys": (with_reversed_keys, ["the order of keys in 3 rows"]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_only_the_form_is_changed_and_the_result_is_clean(form, packed, questions, official, tmp_path):
    make, expected = FORMS[form]
    source = tmp_path / ("a.zip" if packed else PREDICTIONS)
    if packed:
        with zipfile.ZipFile(source, "w") as package:
            package.writestr(f"folder\\{PREDICTIONS}", make(official))
            package.writestr("__MACOSX/x", "")
    else:
        source.write_bytes(make(official))
    before = source.read_bytes()
    out = tmp_path / "new" / f"fixed{source.suffix}"
    fixed = fix_submission(source, [questions], out)
    assert source.read_bytes() == before
    assert fixed.rows == 3
    changes = [change.removeprefix(f"{PREDICTIONS}: ") for change in fixed.changes]
    assert [change for change in changes if not change.startswith("packed anew")] == expected
    assert sum(change.startswith("packed anew") for change in changes) == 2 * packed
    check = check_submission(out, [questions])
    assert (check.problems, check.warnings, check.cosmetic) == ((), (), ())
    content = zipfile.ZipFile(out).read(PREDICTIONS) if packed else out.read_bytes()
    assert content == official


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"SAMM-2", b"SAMM-9"),
        lambda text: b"\n".join(text.split(b"\n")[:2]),
        lambda text: b"\n".join(reversed(text.split(b"\n"))),
        lambda text: text.replace(b"Why", b"Who", 1),
        lambda text: text.replace(b'"answer":', b'"answer":"","answer":', 1),
        lambda text: text.replace(b'"answer":', b'"note":1,"answer":', 1),
        lambda text: text + b"\n" + text.split(b"\n")[0],
        lambda text: text + b"\n{",
    ],
)
def test_content_is_never_mended(damage, questions, official, tmp_path):
    source, out = tmp_path / PREDICTIONS, tmp_path / "fixed.jsonl"
    source.write_bytes(damage(official).replace(b"\n", b"\r\n"))
    with pytest.raises(InputError):
        fix_submission(source, [questions], out)
    assert not out.exists()


def test_nothing_is_overwritten(questions, official, tmp_path):
    source, other = tmp_path / PREDICTIONS, tmp_path / "other.jsonl"
    source.write_bytes(official)
    other.write_text("mine")
    for out in (source, other, questions.path):
        with pytest.raises(InputError, match="exists already"):
            fix_submission(source, [questions], out)
    with pytest.raises(InputError, match="is not named like the submission"):
        fix_submission(source, [questions], tmp_path / "a.zip")
    assert source.read_bytes() == official and other.read_text() == "mine"


def test_the_command_says_what_it_changed(questions, official, tmp_path, capsys):
    source, out = tmp_path / PREDICTIONS, tmp_path / "fixed.jsonl"
    source.write_bytes(official.replace(b"\n", b"\r\n"))
    command = ["submit", "--validate", str(source), "--questions", str(questions.path)]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert "warning: " in printed.err and "CR LF (Windows)" in printed.err and "--fix OUT mends it" in printed.err
    assert printed.out == f"{source}: valid, 3 answers\n"
    assert main([*command, "--fix", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"  2 lines end with LF, not CR LF\n{out}: valid, 3 answers, as they were\n"
    source.write_bytes(official + b"\n\n")
    assert main(command) == 2
    assert capsys.readouterr().err == f"mevqa submit: {source}:4: the line is blank; delete it; --fix OUT mends it\n"
    assert main(["submit", "run", "--questions", str(questions.path), "--out", "x", "--fix", "y"]) == 2
