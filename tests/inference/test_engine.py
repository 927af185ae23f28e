import errno

import numpy as np
import pytest
from PIL import Image

from mevqa.errors import InputError
from mevqa.inference.engine import answer_clip
from mevqa.inference.loading import AskOptions, load_answerer
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Preferences
from mevqa.models.mock import MockModel
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.types import NO_MOTION, Clip, Reply, View
from mevqa.video.views.render import ClipViews

TEXTS = (
    "What is the coarse expression class?",
    "What is the fine-grained expression class?",
    "What is the action unit?",
    "Is the action unit brow lowerer shown on the face?",
)


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "CAS-1.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8)).save(path)
    return Clip("CAS-1", "casme3", pictures={"motion": path})


def ask(clip, script, texts=TEXTS, **more):
    model = MockModel(script, preferences=Preferences(views=("motion",), variant="brief"))
    questions = [question_about(clip, number, text) for number, text in enumerate(texts)]
    view_config = ViewConfig.preferred(model.preferences)
    result = answer_clip(clip, questions, model, PromptLibrary.load(variant="brief"), view_config, **more)
    return model, result


def test_a_clips_questions_are_asked_together_on_one_prefix(clip):
    model, result = ask(clip, {"coarse": "surprise"})
    assert len(model.calls) == 1
    assert [view.name for view in model.calls[0].views] == ["motion"]
    assert [request.text for request in model.calls[0].requests] == list(TEXTS)
    assert [answer.question_id for answer in result.answers] == ["0", "1", "2", "3"]


def test_consistency_decides_together_and_keeps_the_raw_answer(clip):
    def script(request):
        if "coarse" in request.text:
            return Reply("positive", {"positive": 0.4, "negative": 0.35, "surprise": 0.25}, 0.4)
        if "fine" in request.text:
            rest = {name: 0.01 for name in request.options}
            return Reply("disgust", {**rest, "disgust": 1 - 0.01 * (len(rest) - 1)}, 0.9)
        return None

    _, decided = ask(clip, script)
    assert (decided.answers[0].text, decided.answers[0].raw) == ("negative", "positive")
    assert decided.answers[0].confidence == pytest.approx(0.35)
    _, raw = ask(clip, script, consistency=False)
    assert raw.answers[0].text == "positive"


def test_a_failed_question_is_an_error_and_the_others_answer(clip):
    _, result = ask(clip, lambda request: Reply("", error="out of memory") if "fine" in request.text else None)
    assert result.answers[1].error == "out of memory" and result.answers[1].text == ""
    assert all(result.answers[i].text for i in (0, 2, 3))


def test_a_clip_that_cannot_be_read_gives_errors_and_no_guess(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    model, result = ask(Clip("broken", media=broken), {})
    assert model.calls == [] and result.clip_views is None
    assert all("broken.mp4" in answer.error and not answer.text for answer in result.answers)


def test_a_disk_that_fails_under_a_clip_is_an_error_of_that_clip(clip, monkeypatch):
    def failing(*args, **more):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("mevqa.inference.view_config.ViewConfig.render", failing)
    _, result = ask(clip, {})
    assert all(answer.error.startswith("CAS-1: Input/output error; look after") for answer in result.answers)


def test_a_question_about_another_clip_is_refused(clip):
    question = question_about(Clip("CAS-2"), 1, TEXTS[0])
    model = MockModel({})
    with pytest.raises(ValueError, match="another clip"):
        answer_clip(clip, [question], model, PromptLibrary.load(), ViewConfig(("motion",)))


def test_what_cannot_be_read_is_an_error_that_keeps_the_words_and_says_why(clip):
    replies = {
        "coarse": Reply("negative", truncated=True),
        "fine": Reply("<think>disgust or"),
        "What is the action unit": Reply("AU14 or AU12"),
        "brow lowerer": Reply("<think>hm</think>Yes, it is shown."),
    }
    _, result = ask(clip, lambda request: next(reply for text, reply in replies.items() if text in request.text))
    assert [answer.unusable for answer in result.answers] == ["truncated", "open_thought", "ambiguous", None]
    assert [answer.truncated for answer in result.answers] == [True, False, False, False]
    assert [answer.text for answer in result.answers] == ["", "", "", "yes"]
    assert "cut off" in result.answers[0].error and result.answers[0].raw == "negative"
    assert "thought" in result.answers[1].error and "disgust or" in result.answers[1].error


def test_an_answer_from_a_picture_without_motion_is_worth_the_prior_and_says_so(tmp_path):
    Image.new("RGB", (28, 28)).save(tmp_path / "blank.png")
    blank = Clip("CAS-1", "casme3", pictures={"motion": tmp_path / "blank.png"})
    _, result = ask(blank, {"coarse": "surprise"})
    coarse, fine, units, presence = result.answers
    assert all(a.warnings == (f"{NO_MOTION}: the ready-made picture is uniform",) for a in result.answers)
    # 187 of 699 clips of CAS(ME)^3 are of surprise; each of three classes counts once more.
    assert (coarse.text, coarse.confidence) == ("surprise", pytest.approx(188 / 702))
    assert coarse.options == {
        "positive": pytest.approx(56 / 702),
        "negative": pytest.approx(458 / 702),
        "surprise": pytest.approx(188 / 702),
    }
    assert fine.confidence == fine.options[fine.text] and sum(fine.options.values()) == pytest.approx(1)
    assert units.options is None and units.confidence <= 21 / 64
    assert presence.options == {"yes": 0.5, "no": 0.5}


def test_a_picture_with_motion_keeps_the_confidence_of_the_model(clip):
    _, result = ask(clip, {"coarse": "surprise"})
    assert result.answers[0].confidence == 0.9 and result.answers[0].warnings == ()


def test_evidence_stands_before_the_pictures_and_not_where_there_is_no_place_for_it(clip):
    model = MockModel(preferences=Preferences(views=("motion",)))
    clip_views = ClipViews([View("motion", Image.new("RGB", (28, 28)), "A map.")], [], 0, 1, 2, notes=("It moved.",))

    class Drawn:
        def render(self, clip, *, long_video):
            return clip_views

    questions = [question_about(clip, number, text) for number, text in enumerate(TEXTS)]
    answer_clip(clip, questions, model, PromptLibrary.load(), ViewConfig(("motion",)), drawn_by=Drawn())
    (call,) = model.calls
    assert call.system.endswith("\n\nIt moved.") and not any("It moved" in request.text for request in call.requests)
    with pytest.raises(InputError, match="evidence is a text, and the prompt variant 'brief'"):
        load_answerer(AskOptions(model, views=ViewOptions("motion,evidence"), variant="brief"))
