"""Questions about one video, as ``mevqa ask`` answers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mevqa.api.evaluation.arguments import ask_options
from mevqa.api.paths import AnyPath
from mevqa.api.videos.moments import given_event
from mevqa.datasets import UnknownDataset, known_dataset
from mevqa.errors import InputError, MediaError, Problem, errors_name_parameters
from mevqa.inference.engine import ClipAnswers, answer_clip
from mevqa.inference.evaluation import check_notes
from mevqa.inference.loading import load_answerer
from mevqa.inference.shots.options import ShotOptions
from mevqa.inference.shots.source import ShotSource
from mevqa.inference.view_config import ViewConfig, ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import question_about
from mevqa.types import Clip
from mevqa.video.reading.video import Video
from mevqa.video.views.render import ClipViews


@errors_name_parameters
def ask(
    video: AnyPath,
    questions: str | Sequence[str],
    model: str | Model = "nano",
    *,
    dataset: str = "unknown",
    fps: float | None = None,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
    note: str | None = None,
    views: ViewOptions | str | Sequence[str] | None = None,
    prompts: PromptLibrary | AnyPath | None = None,
    variant: str | None = None,
    consistency: bool = True,
    options: ModelOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
    subject: str | None = None,
    shots: ShotOptions | None = None,
) -> ClipAnswers:
    """Ask any questions about one video.

    Args:
        video: A video file or a folder of frames.
        questions: One question, or several.
        model: ``nano`` (embedded), ``mock``, a hub name, the folder of a chat vision-language model, or a loaded model
            (``load_model``), which spares loading it for each video.
        dataset: Whose classes are the options.
        fps: Frames per second; None: as the video says.
        onset: First frame of the expression, counted from 0; None: it is found.
        apex: Frame of its largest extent; None: it is found.
        offset: Its last frame; None: it is found.
        note: A sentence about the video that the prompt carries (what recorders of signals measured).
        views: What the model sees: names of views in order, or all choices; None: as the model prefers.
        prompts: Folder of prompt files that replace the shipped ones; None: those that the model was fine-tuned with.
        variant: Prompt variant; None: as the model prefers.
        consistency: Whether the answers are decided together.
        options: How the model is loaded and asked.
        progress: Called with frames done and frames in all while events are spotted for questions about a long video.
        subject: Who is seen, as the data set names subjects; needed for shots.
        shots: Answered clips of other subjects that are shown before.

    Returns:
        One answer a question, in order, and what the model saw.

    Raises:
        InputError: There is no such data set, the moments are not in order or not in the video, or everything that is
            wrong with views and prompts.
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
    with given_event(path, fps, onset, apex, offset) as (coded, footage):
        notes = (" ".join(note.split()),) if note and note.strip() else ()
        clip = Clip(path.stem or path.name, dataset, subject, media=path, fps=fps, annotation=coded, notes=notes)
        texts = [questions] if isinstance(questions, str) else questions
        clip_questions = [question_about(clip, number, text) for number, text in enumerate(texts, 1)]
        asking = replace(ask_options(model, views, prompts, variant, options, consistency=consistency), shots=shots)

        def check(view_config: ViewConfig, library: PromptLibrary, source: ShotSource | None) -> None:
            check_notes([clip], library)
            if source is not None:
                source.check([clip])

        answerer = load_answerer(asking, check=check)
        result = answer_clip(
            clip,
            clip_questions,
            answerer.model,
            answerer.prompts,
            answerer.view_config,
            consistency=consistency,
            progress=progress,
            shots=answerer.shots,
            sampling=answerer.sampling,
            drawn_by=None if footage is None else _OpenClip(answerer.view_config, footage),
        )
    if result.clip_views is None and result.long_video is None and clip_questions:
        raise MediaError(path, (result.answers[0].error or "cannot be read").removeprefix(f"{path}: "))
    return result


@dataclass(frozen=True, slots=True)
class _OpenClip:
    """Draws a clip from the video that is open already."""

    view_config: ViewConfig
    footage: Video

    def render(self, clip: Clip, *, long_video: bool) -> ClipViews:
        """Return what is seen of the clip."""
        return self.view_config.render(clip, long_video=long_video, footage=self.footage)
