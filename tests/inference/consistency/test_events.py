from mevqa.inference.consistency.events import decide_events, decide_presence
from mevqa.types import Question, Reply

ALL, MICRO, MACRO = "count_all", "count_micro", "count_macro"


def events(*answers):
    """Decide on (type or ordinal, text, confidence or probability of micro)."""
    questions, replies, texts = [], [], []
    for kind, text, sure in answers:
        ordinal = kind if isinstance(kind, int) else None
        question_type = "nth_type" if ordinal else kind
        questions.append(Question("q", "c", "?", question_type, ordinal=ordinal))
        texts.append(text)
        options = {"micro-expression": sure, "macro-expression": 1 - sure} if ordinal and sure is not None else None
        replies.append(Reply(text, options=options, confidence=None if ordinal else sure))
    return decide_events(questions, replies, texts)


def test_consistent_answers_stay():
    answers = [(ALL, "7", 0.1), (MICRO, "2", 0.1), (MACRO, "5", 0.1), (3, "micro-expression", 0.6)]
    assert events(*answers) == ["7", "2", "5", "micro-expression"]


def test_the_least_sure_count_gives_way():
    assert events((ALL, "10", 0.9), (MICRO, "1", 0.9), (MACRO, "5", 0.2)) == ["10", "1", "9"]


def test_counts_alone_are_not_touched():
    assert events((MICRO, "3", None)) == ["3"]
    assert events((ALL, "3", None), (MACRO, "1", None)) == ["3", "1"]


def test_a_part_is_not_larger_than_the_whole():
    assert events((ALL, "3", 0.9), (MACRO, "8", 0.2)) == ["3", "3"]


def test_an_event_that_is_asked_about_exists():
    assert events((ALL, "2", 0.5), (9, "macro-expression", 0.2)) == ["9", "macro-expression"]


def test_an_unsure_type_yields_to_a_sure_count():
    assert events((MICRO, "0", 0.99), (1, "micro-expression", 0.55)) == ["0", "macro-expression"]
    assert events((MICRO, "0", 0.1), (1, "micro-expression", 0.99)) == ["1", "micro-expression"]


def test_the_same_event_has_one_type():
    first, second = events((4, "micro-expression", 0.9), (4, "macro-expression", 0.3))
    assert first == second == "micro-expression"


def test_what_no_count_can_reach_is_left_alone():
    assert events((ALL, "3", 0.5), (400, "micro-expression", 0.6)) == ["3", "micro-expression"]
    assert events((ALL, "250", 0.5)) == ["99"]


def presence(*answers, counts=()):
    """Decide on (kind, answer) beside (type, answer)."""
    questions = [(Question("q", "c", "?", "event_presence", kind=kind), text) for kind, text in answers]
    return decide_presence(questions, [(Question("q", "c", "?", kind, ordinal=1), text) for kind, text in counts])


def test_an_event_is_present_where_one_is_counted():
    assert presence(("micro", "no"), ("macro", "yes"), counts=[(MICRO, "2"), (MACRO, "0")]) == ["yes", "no"]
    assert presence((None, "yes"), ("micro", "yes"), counts=[(ALL, "0")]) == ["no", "no"]
    assert presence((None, "yes"), counts=[(MICRO, "0"), (MACRO, "0")]) == ["no"]
    assert presence((None, "no"), ("macro", "yes"), counts=[(MICRO, "3")]) == ["yes", "yes"]


def test_an_event_whose_kind_is_answered_is_present():
    nth = [("nth_type", "macro-expression")]
    assert presence(("macro", "no"), ("micro", "no"), (None, "no"), counts=nth) == ["yes", "no", "yes"]


def test_without_counts_an_event_of_a_kind_is_one_of_any_kind():
    assert presence((None, "no"), ("micro", "yes")) == ["yes", "yes"]
    assert presence((None, "yes"), ("micro", "no"), ("macro", "no")) == ["no", "no", "no"]
    assert presence((None, "yes"), ("micro", "no")) == ["yes", "no"]
