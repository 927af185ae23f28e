import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mevqa.datasets import taxonomy
from mevqa.facs import UNIT_NAMES
from mevqa.inference.consistency.clip import decide
from mevqa.questions.answers import fault
from mevqa.questions.reading.sentences import read_parts
from mevqa.questions.reading.text.plain_text import plain_text
from mevqa.types import Question, Reply

CLASSES = taxonomy("casme2")


def ask(question_type, plural=False, unit=None, ordinal=None, kind=None):
    slots = {"action_unit": unit, "ordinal": ordinal, "plural": plural, "kind": kind}
    return Question("q", "c", "?", question_type, dataset="casme2", **slots)


def scored(**options):
    options = {name.replace("_", "-"): value for name, value in options.items()}
    best = max(options, key=options.get)
    return Reply(best, options=options, confidence=options[best])


def answers(*pairs):
    questions, replies = zip(*pairs, strict=True)
    return decide(questions, replies, CLASSES)


def test_fine_and_coarse_are_the_likeliest_pair_that_agrees():
    assert answers(
        (ask("coarse"), scored(positive=0.5, negative=0.45, surprise=0.05)),
        (ask("fine"), scored(disgust=0.8, happiness=0.1, repression=0.05, surprise=0.05)),
    ) == ["negative", "disgust"]
    assert answers(
        (ask("coarse"), scored(positive=0.9, negative=0.05, surprise=0.05)),
        (ask("fine"), scored(disgust=0.4, happiness=0.3, repression=0.2, surprise=0.1)),
    ) == ["positive", "happiness"]


def test_a_sure_presence_answer_corrects_an_unsure_list():
    sure = (ask("au_presence", unit="dimpler"), scored(yes=0.98, no=0.02))
    listed = (ask("au_list", plural=True), Reply("brow lowerer, lid tightener", confidence=0.3))
    assert answers(sure, listed) == ["yes", "brow lowerer, lid tightener, dimpler"]


def test_a_sure_list_corrects_an_unsure_presence_answer():
    unsure = (ask("au_presence", unit="brow lowerer"), scored(yes=0.45, no=0.55))
    listed = (ask("au_list", plural=True), Reply("brow lowerer, lid tightener", confidence=0.9))
    assert answers(unsure, listed) == ["yes", "brow lowerer, lid tightener"]


def test_singular_means_one_unit_and_the_surest():
    assert answers(
        (ask("au_list"), Reply("brow lowerer", confidence=0.4)),
        (ask("au_presence", unit="dimpler"), scored(yes=0.99, no=0.01)),
        (ask("au_presence", unit="brow lowerer"), scored(yes=0.6, no=0.4)),
    ) == ["dimpler", "yes", "no"]


def test_plural_means_at_least_two_units_and_fills_up_with_typical_ones():
    assert answers(
        (ask("au_list", plural=True), Reply("lip corner puller")),
        (ask("fine"), scored(disgust=0.1, happiness=0.8, repression=0.05, surprise=0.05)),
    ) == ["cheek raiser, lip corner puller", "happiness"]


def test_sentences_say_what_the_single_answers_say():
    combined, analysis, listed, fine, coarse = answers(
        (ask("combined", plural=True), Reply("It shows a lip corner puller and a dimpler: happiness, positive")),
        (ask("analysis"), Reply("A surprise with a jaw drop")),
        (ask("au_list", plural=True), Reply("brow lowerer, lid tightener", confidence=0.9)),
        (ask("fine"), scored(disgust=0.9, happiness=0.1)),
        (ask("coarse"), scored(positive=0.1, negative=0.8, surprise=0.1)),
    )
    assert (listed, fine, coarse) == ("brow lowerer, lid tightener", "disgust", "negative")
    for text in (combined, analysis):
        parts = read_parts(plain_text(text))
        assert (set(parts.units), parts.fine, parts.coarse) == (
            {"brow lowerer", "lid tightener"},
            "disgust",
            "negative",
        )


def test_a_sentence_alone_is_made_consistent_in_itself():
    text = (
        "The action unit present is: dimpler. Therefore, the fine-grained expression class is happiness, and the "
        "coarse expression class is negative."
    )
    (answer,) = answers((ask("combined"), Reply(text)))
    parts = read_parts(plain_text(answer))
    assert CLASSES.coarse_of(parts.fine) == parts.coarse
    assert parts.units == ("dimpler",)


def test_errors_stay_errors_and_tell_nothing():
    broken = Reply("", error="out of memory")
    assert answers(
        (ask("combined"), broken),
        (ask("fine"), broken),
        (ask("coarse"), scored(positive=0.1, negative=0.8, surprise=0.1)),
        (ask("count_all"), broken),
        (ask("au_list"), Reply("I cannot tell.")),
    ) == [None, None, "negative", None, None]


def test_micro_and_macro_add_up_and_the_surest_counts_stay():
    assert answers(
        (ask("count_all"), Reply("9", confidence=0.2)),
        (ask("count_micro"), Reply("2", confidence=0.9)),
        (ask("count_macro"), Reply("4", confidence=0.8)),
    ) == ["6", "2", "4"]


def test_the_nth_event_exists_and_its_type_is_counted():
    assert answers(
        (ask("count_all"), Reply("3", confidence=0.9)),
        (ask("count_micro"), Reply("0", confidence=0.3)),
        (ask("count_macro"), Reply("3", confidence=0.9)),
        (
            ask("nth_type", ordinal=5),
            Reply("micro-expression", options={"micro-expression": 0.95, "macro-expression": 0.05}),
        ),
    ) == ["5", "2", "3", "micro-expression"]


def test_answers_about_several_clips_are_refused():
    other = Question("r", "d", "?", "coarse")
    with pytest.raises(ValueError, match="several clips"):
        decide([ask("coarse"), other], [Reply("negative")] * 2, CLASSES)
    with pytest.raises(ValueError):
        decide([ask("coarse")], [], CLASSES)


def _options(names):
    weights = st.lists(st.floats(0.001, 1), min_size=len(names), max_size=len(names))
    return weights.map(lambda values: scored_dict(dict(zip(names, (w / sum(values) for w in values), strict=True))))


def scored_dict(options):
    best = max(options, key=options.get)
    return Reply(best, options=options, confidence=options[best])


_CONFIDENCE = st.none() | st.floats(0, 1)
_UNITS = st.lists(st.sampled_from(UNIT_NAMES), min_size=1, max_size=4, unique=True)
_ERROR = st.just(Reply("", error="failed")) | st.just(Reply("I cannot say."))
_PRESENT = ("yes", "no")
_KINDS = ("micro-expression", "macro-expression")


def _list(units, confidence):
    return Reply(", ".join(units), confidence=confidence)


def _sentence(units, fine, coarse):
    return Reply(f"Units: {', '.join(units)}. Fine-grained class: {fine}. Coarse class: {coarse}.")


def _count():
    return st.builds(lambda n, c: Reply(str(n), confidence=c), st.integers(0, 99), _CONFIDENCE)


_SENTENCE = st.builds(_sentence, _UNITS, st.sampled_from(CLASSES.fine), st.sampled_from(CLASSES.coarse))
_FRAMES = st.tuples(st.integers(0, 99), st.integers(100, 999)).map(lambda pair: Reply("frames {}-{}".format(*pair)))
_LIST = st.builds(_list, _UNITS, _CONFIDENCE)


@st.composite
def short_clips(draw):
    plural = draw(st.booleans())
    menu = [
        (ask("coarse"), _options(CLASSES.coarse)),
        (ask("fine"), _options(CLASSES.fine)),
        (ask("au_list", plural), _LIST),
        (ask("combined", plural), _SENTENCE),
        (ask("analysis"), _SENTENCE),
        (ask("au_side", unit="dimpler"), _options(("left", "right"))),
        *((ask("au_presence", unit=unit), _options(_PRESENT)) for unit in draw(_UNITS)),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(menu))), min_size=1, unique=True))
    return [(menu[i][0], draw(st.one_of(menu[i][1], menu[i][1], menu[i][1], _ERROR))) for i in chosen]


@st.composite
def long_videos(draw):
    ordinals = draw(st.lists(st.integers(1, 40), max_size=3))
    menu = [
        (ask("count_all"), _count()),
        (ask("count_micro"), _count()),
        (ask("count_macro"), _count()),
        (ask("au_inventory", True), _LIST),
        *((ask("event_presence", kind=kind), _options(_PRESENT)) for kind in (None, "micro", "macro")),
        (ask("count_between"), _count()),
        (ask("order"), _options(_KINDS)),
        (ask("longest"), _FRAMES),
        (ask("localise", kind="micro"), _FRAMES),
        (ask("summary"), st.just(Reply("Two events, both negative."))),
        *((ask("nth_type", ordinal=n), _options(_KINDS)) for n in ordinals),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(menu))), min_size=1, unique=True))
    return [(menu[i][0], draw(st.one_of(menu[i][1], menu[i][1], _ERROR))) for i in chosen]


CLIPS = st.one_of(short_clips(), long_videos())
_PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_PATIENT
@given(CLIPS)
def test_every_answer_is_in_the_vocabulary_and_no_error_is_answered(clip):
    for (question, reply), text in zip(clip, answers(*clip), strict=True):
        if reply.error is not None or reply.text == "I cannot say.":
            assert text is None
        elif text is not None:
            assert fault(question, text) is None
        else:
            assert question.type in ("combined", "analysis")


@_PATIENT
@given(CLIPS)
def test_deciding_what_is_decided_changes_nothing(clip):
    texts = answers(*clip)
    again = [(q, reply if text is None else Reply(text)) for (q, reply), text in zip(clip, texts, strict=True)]
    assert answers(*again) == texts


@_PATIENT
@given(CLIPS, st.randoms())
def test_the_order_of_the_questions_does_not_matter(clip, random):
    texts = answers(*clip)
    order = list(range(len(clip)))
    random.shuffle(order)
    assert answers(*(clip[i] for i in order)) == [texts[i] for i in order]


@_PATIENT
@given(short_clips())
def test_answers_about_a_short_clip_agree(clip):
    answered = [(question, text) for (question, _), text in zip(clip, answers(*clip), strict=True) if text is not None]
    by_type = {question.type: text for question, text in answered}
    if "fine" in by_type and "coarse" in by_type:
        assert CLASSES.coarse_of(by_type["fine"]) == by_type["coarse"]
    sets = []
    for question, text in answered:
        if question.type in ("combined", "analysis"):
            parts = read_parts(plain_text(text))
            sets.append(set(parts.units))
            assert parts.fine == by_type.get("fine", parts.fine)
            assert parts.coarse == by_type.get("coarse", CLASSES.coarse_of(parts.fine))
        if question.type == "au_list":
            sets.append(set(text.split(", ")))
        if question.type in ("combined", "au_list"):
            assert len(sets[-1]) >= 2 if question.plural else len(sets[-1]) == 1
    assert all(units == sets[0] for units in sets)
    for question, text in answered:
        if question.type == "au_presence" and sets:
            assert (text == "yes") == (question.action_unit in sets[0])


@_PATIENT
@given(long_videos())
def test_answers_about_a_long_video_agree(clip):
    answered = [(question, text) for (question, _), text in zip(clip, answers(*clip), strict=True) if text is not None]
    counted = ("count_all", "count_micro", "count_macro")
    counts = {question.type: int(text) for question, text in answered if question.type in counted}
    types = {question.ordinal: text for question, text in answered if question.type == "nth_type"}
    if {"count_all", "count_micro", "count_macro"} <= counts.keys():
        assert counts["count_micro"] + counts["count_macro"] == counts["count_all"]
    assert all(n <= counts.get("count_all", n) for n in types)
    for kind, name in (("count_micro", _KINDS[0]), ("count_macro", _KINDS[1])):
        assert sum(text == name for text in types.values()) <= counts.get(kind, 99)
    present = {question.kind: text for question, text in answered if question.type == "event_presence"}
    for kind, counted in ((None, "count_all"), ("micro", "count_micro"), ("macro", "count_macro")):
        if kind in present and counted in counts:
            assert (present[kind] == "yes") == (counts[counted] > 0)
