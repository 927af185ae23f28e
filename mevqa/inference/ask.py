"""Ask about one video from Python, as ``mevqa ask`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mevqa.errors import InputError, MediaError, Problem
from mevqa.events import Event
from mevqa.facs import UnknownDataset, known_dataset
from mevqa.inference.engine import ClipAnswers, answer_clip
from mevqa.inference.view_config import ViewConfig
from mevqa.models.base import Model
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.types import Clip


def ask(
    video: Path | str,
    texts: Sequence[str],
    *,
    model: Model | None = None,
    prompts: PromptLibrary | None = None,
    view_config: ViewConfig | None = None,
    dataset: str = "unknown",
    fps: float | None = None,
    annotation: Event | None = None,
    consistency: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> ClipAnswers:
    """Ask any questions about one video.

    Args:
        video: A video file or a folder of frames.
        texts: The questions.
        model: Who is asked (default: the embedded nano).
        prompts: The prompt library (default: the shipped one in the model's preferred variant).
        view_config: Which views are made and how (default: what the model prefers).
        dataset: Whose classes are the options.
        fps: Frames per second (default: what the video says).
        annotation: Onset, apex and offset where they are known; what is missing is found.
        consistency: Decide the answers together.
        progress: Called with frames done and frames in all while events are spotted for questions about a long video.

    Returns:
        One answer a question, in order, and what the model saw.

    Raises:
        InputError: There is no such data set.
        MediaError: The video cannot be read.
        ModelError: The model cannot be loaded.
    """
    path = Path(video)
    if not path.exists():
        raise MediaError(path, "there is no such file or folder")
    try:
        dataset = known_dataset(dataset)
    except UnknownDataset as error:
        raise InputError([Problem("dataset", str(error))]) from error
    clip = Clip(path.stem or path.name, dataset, media=path, fps=fps, annotation=annotation)
    questions = [question_about(clip, number, text) for number, text in enumerate(texts, 1)]
    if model is None:
        from mevqa.models.load import load_model

        model = load_model("nano")
    prompts = prompts or PromptLibrary.load(variant=model.preferences.variant)
    view_config = view_config or ViewConfig.preferred(model.preferences)
    result = answer_clip(clip, questions, model, prompts, view_config, consistency=consistency, progress=progress)
    if result.clip_views is None and result.long_video is None and questions:
        raise MediaError(path, (result.answers[0].error or "cannot be read").removeprefix(f"{path}: "))
    return result
