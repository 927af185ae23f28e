"""Answering of official question files, as ``mevqa eval`` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mevqa.api.evaluation.arguments import QuestionFiles, ask_options
from mevqa.api.evaluation.run import Run
from mevqa.api.paths import AnyPath, optional_path
from mevqa.datasets.label_layout import FolderNumbers
from mevqa.engines import ENGINE_NAMES, known_engine
from mevqa.errors import errors_name_parameters
from mevqa.inference.answering.run import ShowProgress, answer_plan
from mevqa.inference.answering.run_views import DrawOptions
from mevqa.inference.shards import chosen_shard
from mevqa.inference.shots.options import ShotOptions
from mevqa.inference.trained_on import TRAINED_ON
from mevqa.inference.view_config import ViewOptions
from mevqa.models.base import Model, ModelOptions
from mevqa.questions.prompts import PromptLibrary
from mevqa.training.adapters.trained_subjects import clips_trained_on


@errors_name_parameters
def evaluate(
    questions: AnyPath | Sequence[AnyPath],
    model: str | Model = "nano",
    *,
    out: AnyPath,
    media: AnyPath | None = None,
    annotations: AnyPath | None = None,
    precomputed: Mapping[str, AnyPath] | Sequence[str] = (),
    numbers: FolderNumbers = "names",
    limit: int | None = None,
    notes: AnyPath | None = None,
    views: ViewOptions | str | Sequence[str] | None = None,
    prompts: PromptLibrary | AnyPath | None = None,
    variant: str | None = None,
    consistency: bool = True,
    options: ModelOptions | None = None,
    progress: ShowProgress | None = None,
    workers: int = 1,
    views_cache: AnyPath | None = None,
    part: str | None = None,
    engine: str = ENGINE_NAMES[0],
    shots: ShotOptions | None = None,
    class_table: AnyPath | None = None,
) -> Run:
    """Answer official question files; called again, go on with an interrupted run.

    Args:
        questions: One question file, or several; or a prepared benchmark (``prepare``), which has its clips with it.
        model: ``nano`` (embedded), ``mock``, a hub name, the folder of a chat vision-language model, or a loaded model.
        out: The run folder, continued if it exists: answers, and a manifest of everything that decided them.
        media: Folder of the clips: videos or folders of frames.
        annotations: Onset, apex and offset: our CSV, or a data set's label file.
        precomputed: Folders of ready-made pictures by view name.
        numbers: Where a data set's label file tells frame numbers, how the frames of folders were numbered.
        limit: Only the first so many clips; raise it later to go on.
        notes: Table of clip and note: a sentence about each clip that the prompt carries (``describe_signals``).
        views: What the model sees: names of views in order, or all choices; None: as the model prefers.
        prompts: Folder of prompt files that replace the shipped ones; None: those that the model was fine-tuned with.
        variant: Prompt variant; None: as the model prefers.
        consistency: Whether a clip's answers are decided together.
        options: How the model is loaded and asked.
        progress: Given the clips and questions to do, shows how far they are.
        workers: Processes that draw the pictures ahead of the model; the answers do not depend on their number.
        views_cache: Folder in which pictures are stored for other runs and models, or ``none``; None: ``MEVQA_VIEWS``
            of the environment, or the user's cache folder.
        part: Only every n-th clip, beginning with the i-th: ``i/n`` (1/2, 2/2), to spread them over processes that
            write the same run. The number may be another one each time.
        engine: ``local``, or ``ray``: as many workers as ``workers`` says, of the cluster that ``RAY_ADDRESS`` names,
            load the model and answer. They must see the media, and this process keeps the run.
        shots: Answered clips of other subjects that are shown before each clip.
        class_table: Training file with its answers, by which action units make the fine classes of its data set: what
            the model says of the units then speaks for a fine class too. The subject who is asked about is left out.

    Returns:
        The run. An answer that failed has ``error``; such questions are asked again by the next call.

    Raises:
        InputError: Everything that is wrong with the files, or else with the options; the run was made with other
            inputs, or another process writes it.
        ModelError: The model cannot be loaded.
    """
    files = QuestionFiles(questions, media, annotations, precomputed, numbers, limit, notes)
    work, facts = files.plan(), files.facts()
    if isinstance(model, str):
        adapter = options.adapter if options is not None else None
        spotter = views.weights if isinstance(views, ViewOptions) else None
        trained_clips = clips_trained_on(model, adapter, work.clips.values(), spotter=spotter)
        facts |= {TRAINED_ON: trained_clips} if trained_clips else {}
    asking = ask_options(model, views, prompts, variant, options, consistency=consistency)
    asking = replace(
        asking, shots=shots, class_table=optional_path(class_table), views_cache=optional_path(views_cache)
    )
    drawing = DrawOptions(workers, optional_path(views_cache))
    record = answer_plan(
        work,
        Path(out),
        asking,
        facts=facts,
        progress=progress,
        drawing=drawing,
        shard=chosen_shard(part),
        on_cluster=known_engine(engine) != ENGINE_NAMES[0],
    )
    return Run(record.path, record.manifest, record.answers, record.lines, questions=work.all_questions)
