from dataclasses import replace

import pytest

from mevqa.datasets import taxonomy
from mevqa.inference.consistency import decide
from mevqa.questions.writing.answer_format import fault
from mevqa.questions.writing.prior import prior_answer, prior_confidence, prior_options
from mevqa.types import EXTENSION_TYPES, Question, QuestionType, Reply

DATASETS = ("casme2", "casme3", "samm", "smic", "synthetic", "unknown")
SHORT = (
    QuestionType.COARSE,
    QuestionType.FINE,
    QuestionType.AU_LIST,
    QuestionType.AU_PRESENCE,
    QuestionType.AU_SIDE,
    QuestionType.COMBINED,
    QuestionType.ANALYSIS,
)
LONG = (
    QuestionType.COUNT_ALL,
    QuestionType.COUNT_MICRO,
    QuestionType.COUNT_MACRO,
    QuestionType.AU_INVENTORY,
    QuestionType.NTH_TYPE,
    QuestionType.EVENT_PRESENCE,
    QuestionType.ORDER,
)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("plural", [False, True])
@pytest.mark.parametrize("kinds", [SHORT, LONG])
def test_prior_answers_are_in_the_vocabulary_and_agree_with_one_another(dataset, plural, kinds):
    base = Question("q", "c", "?", QuestionType.OPEN, action_unit="brow lowerer", ordinal=2, dataset=dataset)
    questions = [replace(base, type=kind, plural=plural) for kind in kinds]
    priors = [prior_answer(question) for question in questions]
    assert all(prior.source for prior in priors)
    texts = [prior.text for prior in priors]
    assert [fault(question, text) for question, text in zip(questions, texts, strict=True)] == [None] * len(texts)
    assert decide(questions, [Reply(text) for text in texts], taxonomy(dataset)) == texts


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_prior_class_is_a_class_of_the_data_set(dataset):
    assert prior_answer(Question("q", "c", "?", QuestionType.FINE, dataset=dataset)).text in taxonomy(dataset).fine


@pytest.mark.parametrize("kind", sorted(EXTENSION_TYPES - set(LONG)))
def test_what_depends_on_the_one_video_has_no_prior(kind):
    assert prior_answer(Question("q", "c", "?", kind, ordinal=1, between_s=(0.0, 9.0), dataset="casme3")) is None


def test_open_questions_have_no_prior():
    assert prior_answer(Question("q", "c", "Is she tired?", QuestionType.OPEN)) is None


def test_options_are_as_likely_as_they_are_frequent():
    coarse = Question("q", "c", "?", QuestionType.COARSE, dataset="casme2")
    assert prior_options(coarse, ["positive", "negative", "surprise"]) == {
        "positive": 33 / 148,
        "negative": 89 / 148,
        "surprise": 26 / 148,
    }
    # Every data set together where one has no counts of its own: 88 + 92 + 457 + 70 negative of 1141.
    unknown = prior_options(replace(coarse, dataset="unknown"), ["positive", "negative", "surprise"])
    assert unknown["negative"] == 708 / 1144
    # What no frequency tells is even.
    shown = replace(coarse, type=QuestionType.EXPRESSION_SHOWN)
    assert prior_options(shown, ["yes", "no"]) == {"yes": 0.5, "no": 0.5}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_prior_answer_is_the_likeliest_option(dataset):
    for kind, options in ((QuestionType.COARSE, taxonomy(dataset).coarse), (QuestionType.FINE, taxonomy(dataset).fine)):
        question = Question("q", "c", "?", kind, dataset=dataset)
        shares = prior_options(question, options)
        assert sum(shares.values()) == pytest.approx(1) and min(shares.values()) > 0
        if dataset in ("casme2", "casme3", "samm") or (dataset == "smic" and kind is QuestionType.COARSE):
            assert max(shares, key=shares.get) == prior_answer(question).text


def test_a_list_is_worth_the_share_of_the_most_frequent_one():
    units = Question("q", "c", "?", QuestionType.AU_LIST, dataset="casme2")
    assert prior_confidence(units) == 21 / 64
    assert prior_confidence(replace(units, plural=True, dataset="samm")) == 17 / 81
    assert prior_confidence(replace(units, type=QuestionType.COMBINED)) == 21 / 64
    assert prior_confidence(replace(units, type=QuestionType.OPEN)) is None
