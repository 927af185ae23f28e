from dataclasses import replace

import pytest

from mevqa.datasets import taxonomy
from mevqa.inference.consistency.clip import decide
from mevqa.questions.answers import fault
from mevqa.questions.prior import prior_answer, prior_confidence, prior_options
from mevqa.questions.question_types import question_types
from mevqa.types import Question, Reply

EXTENSION_TYPES = {kind.name for kind in question_types() if kind.long_video and not kind.official}

DATASETS = ("casme2", "casme3", "samm", "smic", "synthetic", "unknown")
SHORT = (
    "coarse",
    "fine",
    "au_list",
    "au_presence",
    "au_side",
    "combined",
    "analysis",
)
LONG = (
    "count_all",
    "count_micro",
    "count_macro",
    "au_inventory",
    "nth_type",
    "event_presence",
    "order",
)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("plural", [False, True])
@pytest.mark.parametrize("kinds", [SHORT, LONG])
def test_prior_answers_are_in_the_vocabulary_and_agree_with_one_another(dataset, plural, kinds):
    base = Question("q", "c", "?", "open", action_unit="brow lowerer", ordinal=2, dataset=dataset)
    questions = [replace(base, type=kind, plural=plural) for kind in kinds]
    priors = [prior_answer(question) for question in questions]
    assert all(prior.source for prior in priors)
    texts = [prior.text for prior in priors]
    assert [fault(question, text) for question, text in zip(questions, texts, strict=True)] == [None] * len(texts)
    assert decide(questions, [Reply(text) for text in texts], taxonomy(dataset)) == texts


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_prior_class_is_a_class_of_the_data_set(dataset):
    assert prior_answer(Question("q", "c", "?", "fine", dataset=dataset)).text in taxonomy(dataset).fine


@pytest.mark.parametrize("kind", sorted(EXTENSION_TYPES - set(LONG)))
def test_what_depends_on_the_one_video_has_no_prior(kind):
    assert prior_answer(Question("q", "c", "?", kind, ordinal=1, between_s=(0.0, 9.0), dataset="casme3")) is None


def test_open_questions_have_no_prior():
    assert prior_answer(Question("q", "c", "Is she tired?", "open")) is None


def test_options_are_as_likely_as_they_are_frequent():
    coarse = Question("q", "c", "?", "coarse", dataset="casme2")
    assert prior_options(coarse, ["positive", "negative", "surprise"]) == {
        "positive": 33 / 148,
        "negative": 89 / 148,
        "surprise": 26 / 148,
    }
    # Every data set together where one has no counts of its own: 88 + 92 + 457 + 70 negative of 1141.
    unknown = prior_options(replace(coarse, dataset="unknown"), ["positive", "negative", "surprise"])
    assert unknown["negative"] == 708 / 1144
    # What no frequency tells is even.
    shown = replace(coarse, type="expression_shown")
    assert prior_options(shown, ["yes", "no"]) == {"yes": 0.5, "no": 0.5}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_prior_answer_is_the_likeliest_option(dataset):
    for kind, options in (("coarse", taxonomy(dataset).coarse), ("fine", taxonomy(dataset).fine)):
        question = Question("q", "c", "?", kind, dataset=dataset)
        shares = prior_options(question, options)
        assert sum(shares.values()) == pytest.approx(1) and min(shares.values()) > 0
        if dataset in ("casme2", "casme3", "samm") or (dataset == "smic" and kind == "coarse"):
            assert max(shares, key=shares.get) == prior_answer(question).text


def test_a_list_is_worth_the_share_of_the_most_frequent_one():
    units = Question("q", "c", "?", "au_list", dataset="casme2")
    assert prior_confidence(units) == 21 / 64
    assert prior_confidence(replace(units, plural=True, dataset="samm")) == 17 / 81
    assert prior_confidence(replace(units, type="combined")) == 21 / 64
    assert prior_confidence(replace(units, type="open")) is None
