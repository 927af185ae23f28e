"""The prompts; MEVQA_REFRESH_GOLDEN=1 pytest tests/questions/test_prompts.py rewrites the snapshots after a change."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mevqa.errors import InputError
from mevqa.models.mock import MockModel
from mevqa.questions.answers import fault, normalise
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import parse_question, question_types
from mevqa.questions.writing.frame_grammar import FrameList
from mevqa.questions.writing.grammar import AnyOf, Integer, NameList, Template
from mevqa.resources import resource_folder
from mevqa.types import Question, Request

EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}
NAMES = [kind.name for kind in question_types()]

GOLDEN = Path(__file__).parent / "golden"
VARIANTS = ("default", "brief", "few-shot", "reasoning")
_BOTH = "present, and based on {}, what is the fine-grained expression and the coarse expression class?"
OFFICIAL = {
    "coarse": ("What is the coarse expression class?",),
    "fine": ("What is the fine-grained expression class?",),
    "au_list": ("What is the action unit?", "What are the action units?"),
    "au_presence": ("Is the action unit brow lowerer shown on the face?",),
    "au_side": ("Is the action unit dimpler located on the left or right face?",),
    "expression_shown": ("Is a facial expression shown in this clip?",),
    "combined": (
        f"What is the action unit {_BOTH.format('it')}",
        f"What are the action units {_BOTH.format('them')}",
    ),
    "analysis": ("Please analyse the micro-expression shown in this video in detail.",),
    "count_all": ("How many expression events appear in this video?",),
    "count_micro": ("How many micro-expression events appear in this video?",),
    "count_macro": ("How many macro-expression events appear in this video?",),
    "au_inventory": ("What distinct action units appear in this video?",),
    "nth_type": ("What is the expression type of the 5-th expression event in this video?",),
    "localise": (
        "Localise every expression event in this video.",
        "Localise every micro-expression event in this video.",
    ),
    "describe_nth": ("Describe the 3-th expression event in this video.",),
    "event_presence": ("Is there a micro-expression event in this video?",),
    "order": ("Which comes first in this video, a micro-expression event or a macro-expression event?",),
    "longest": ("Which expression event in this video is the longest?",),
    "count_between": ("How many expression events appear between second 2 and second 8.5 of this video?",),
    "summary": ("Summarise the expression events of this video and explain your reasoning.",),
    "open": ("Does the person blink {often}?",),
}


def _questions(kind, dataset="casme2"):
    for text in OFFICIAL[kind]:
        parsed = parse_question(text)
        yield Question(
            "q",
            "c",
            text,
            kind,
            ordinal=parsed.ordinal,
            plural="units" in text,
            dataset=dataset,
            kind=parsed.kind,
            between_s=parsed.between_s,
        )


def _describe(request: Request) -> str:
    match request.grammar:
        case NameList() as names:
            how = f"{names.at_least} to {names.at_most} of {len(names.names)} names"
        case Integer() as number:
            how = f"a number up to {number.at_most}"
        case FrameList() as frames:
            kinds, none = " with their kinds" * frames.kinds, " or none" * frames.may_be_none
            how = f"up to {frames.at_most} intervals of frames up to {frames.largest}{kinds}{none}"
        case Template() | AnyOf() as sentence:
            how = f"a sentence that begins with: {' | '.join(sentence.next(''))}"
        case _:
            how = f"one of {', '.join(request.options)}" if request.options else "anything"
    return f"[{how}; at most {request.max_new_tokens} tokens]"


def _check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("MEVQA_REFRESH_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; see the head of this file to refresh it"


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", NAMES)
def test_rendered_questions_are_as_in_the_snapshots(kind, variant):
    library = PromptLibrary.load(variant=variant)
    blocks = []
    for dataset in ("casme2", "samm"):
        for question in _questions(kind, dataset):
            request = library.request(question)
            blocks.append(f"== {dataset}\n{request.text}\n{_describe(request)}\n")
    _check(f"{variant}/{kind}.txt", "\n".join(blocks))


@pytest.mark.parametrize("variant", VARIANTS)
def test_rendered_system_texts_are_as_in_the_snapshots(variant):
    library = PromptLibrary.load(variant=variant)
    text = "\n".join(f"== {dataset}\n{library.system(dataset)}\n" for dataset in ("casme2", "samm"))
    _check(f"{variant}/system.txt", text)


def test_no_snapshot_is_left_over():
    expected = {f"{v}/{name}.txt" for v in VARIANTS for name in ("system", *(kind for kind in NAMES))}
    assert {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.txt")} == expected


def test_brief_is_the_bare_question():
    library = PromptLibrary.load(variant="brief")
    assert library.system("casme2") == ""
    for kind in NAMES:
        assert all(library.request(question).text == question.text for question in _questions(kind))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_request_is_answered_in_one_way(variant):
    library = PromptLibrary.load(variant=variant)
    for kind in NAMES:
        for question in _questions(kind):
            request = library.request(question)
            assert not (request.options and request.grammar)
            if variant == "reasoning" and kind != "open":
                assert not request.options and request.grammar is None
                assert '"Answer:"' in request.text


@given(
    st.sampled_from(sorted(EXTENSION_TYPES - {"summary"})),
    st.sampled_from([None, "micro", "macro"]),
    st.integers(0, 10**6),
)
def test_whatever_the_grammars_of_long_videos_admit_becomes_an_answer_in_the_surface_form(kind, events, seed):
    asked = Question("q", "c", "?", kind, ordinal=2, kind=events, between_s=(1.0, 2.0), dataset="casme3")
    request = PromptLibrary.load().request(asked)
    (reply,) = MockModel(seed=seed).ask("", [], [request])
    text = normalise(asked, reply)
    assert text is not None and fault(asked, text) is None


def test_singular_and_plural_decide_the_number_of_units():
    singular, plural = [PromptLibrary.load().request(q).grammar for q in _questions("au_list")]
    assert (singular.at_least, singular.at_most) == (1, 1)
    assert plural.at_least == 2


def test_options_follow_the_data_set():
    library = PromptLibrary.load()
    fine = {dataset: library.request(next(_questions("fine", dataset))).options for dataset in ("casme2", "samm")}
    assert "repression" in fine["casme2"] and "contempt" not in fine["casme2"]
    assert "contempt" in fine["samm"] and "repression" not in fine["samm"]
    assert "repression" not in library.system("samm").split("Typical")[1]


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


OWN = "answer:\n  options: taxonomy.coarse\nvariants:\n  default:\n    text: 'My own: {question}'\n"


def test_a_users_folder_falls_back_to_the_shipped_files(tmp_path):
    library = PromptLibrary.load(_write(tmp_path, "coarse.yaml", OWN), "brief")
    shipped = PromptLibrary.load(variant="brief")
    question = next(_questions("coarse"))
    assert library.request(question).text == f"My own: {question.text}"
    fine = next(_questions("fine"))
    assert library.request(fine) == shipped.request(fine)
    assert library.digest != shipped.digest


def test_a_users_folder_may_differ_by_data_set(tmp_path):
    text = OWN + "answer_by_dataset:\n  smic:\n    options: [happy, unhappy]\n"
    library = PromptLibrary.load(_write(tmp_path, "coarse.yaml", text))
    assert library.request(next(_questions("coarse", "smic"))).options == ("happy", "unhappy")
    assert library.request(next(_questions("coarse", "samm"))).options[0] == "positive"


def test_digest_tells_apart_what_decides_a_prompt(tmp_path):
    default = PromptLibrary.load()
    assert default.digest == PromptLibrary.load().digest
    assert default.digest != PromptLibrary.load(variant="brief").digest
    copy = tmp_path / "prompts"
    shutil.copytree(resource_folder("prompts"), copy)
    assert PromptLibrary.load(copy).digest == default.digest
    commented = copy / "coarse.yaml"
    commented.write_text(commented.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert PromptLibrary.load(copy).digest == default.digest
    commented.write_text(commented.read_text(encoding="utf-8").replace("exactly one", "one"), encoding="utf-8")
    assert PromptLibrary.load(copy).digest != default.digest


BROKEN = {
    "unknown key": (OWN.replace("    text:", "    txt:"), 5, "did you mean 'text'"),
    "unknown placeholder": (OWN.replace("{question}", "{question} {optoins}"), 5, "did you mean 'options'"),
    "question not asked": (OWN.replace("{question}", "?"), 5, "{question} is missing"),
    "unknown list": (OWN.replace("taxonomy.coarse", "taxonomy.corse"), 1, "did you mean 'taxonomy.coarse'"),
    "no default": (OWN.replace("default:", "other:"), 3, "'default' is missing"),
    "two ways": (
        OWN.replace("options: taxonomy.coarse", "{options: taxonomy.coarse, free: true}"),
        1,
        "exactly one of",
    ),
    "example of another type": (
        OWN + "    examples:\n      - {given: frown, answer: angry}\n",
        None,
        "'angry' is not an answer",
    ),
    "no YAML": ("answer: options: taxonomy.coarse", 1, "not valid YAML"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_with_line_and_suggestion(name, tmp_path):
    text, line, message = BROKEN[name]
    with pytest.raises(InputError) as caught:
        PromptLibrary.load(_write(tmp_path, "coarse.yaml", text))
    problems = [problem for problem in caught.value.problems if message in problem.message]
    assert problems, caught.value
    assert line is None or line in {problem.line for problem in problems}


def test_unknown_files_and_variants_are_refused_with_a_suggestion(tmp_path):
    with pytest.raises(InputError, match=r"did you mean 'coarse\.yaml'"):
        PromptLibrary.load(_write(tmp_path, "corse.yaml", OWN))
    with pytest.raises(InputError, match="did you mean 'brief'"):
        PromptLibrary.load(variant="breif")
    with pytest.raises(InputError, match="is not a folder"):
        PromptLibrary.load(tmp_path / "absent")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no prompt file"):
        PromptLibrary.load(empty)


def test_all_broken_files_are_reported_together(tmp_path):
    _write(tmp_path, "coarse.yaml", OWN.replace("text", "txt"))
    _write(tmp_path, "fine.yaml", OWN.replace("text", "txt"))
    with pytest.raises(InputError) as caught:
        PromptLibrary.load(tmp_path)
    assert {Path(problem.path).name for problem in caught.value.problems} == {"coarse.yaml", "fine.yaml"}
