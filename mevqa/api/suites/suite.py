"""Benchmark suites: models that answer the same questions, compared in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.api.evaluation.arguments import ask_options
from mevqa.api.paths import AnyPath, optional_path
from mevqa.engines import ENGINE_NAMES, known_engine
from mevqa.errors import InputError, MevqaError, Problem, errors_name_parameters
from mevqa.files.lock import hold_folder
from mevqa.inference.answering.run import ShowProgress, answer_plan
from mevqa.inference.answering.run_views import DrawOptions
from mevqa.inference.evaluation import Plan, part_of
from mevqa.inference.loading import AskOptions
from mevqa.inference.runs import RunRecord
from mevqa.inference.shards import Shard, chosen_shard, lacking_clips
from mevqa.inference.view_config import ViewOptions
from mevqa.models.base import ModelOptions
from mevqa.questions.prompts import PromptLibrary
from mevqa.safe_text import shared_name
from mevqa.scoring.answers.score import score_answers
from mevqa.scoring.events.score import score_events
from mevqa.suites.results import Outcome, SuiteResult, gather_references
from mevqa.suites.suite import Suite, find_file, plan_suite, read_suite, references, run_names, suite_label
from mevqa.synthetic.writer import synthesise

if TYPE_CHECKING:
    from mevqa.training.spotters.finetune import Show

#: Seconds that a process waits for another one to make the clips of a suite.
_SYNTHESIS = 3600.0

#: Called with how far a suite is, and whether that is a failure.
Say = Callable[[str, bool], None]


@errors_name_parameters
def evaluate_suite(
    suite: str,
    models: Sequence[str] = (),
    *,
    data_root: AnyPath | None = None,
    out: AnyPath | None = None,
    limit: int | None = None,
    views: ViewOptions | str | Sequence[str] | None = None,
    prompts: PromptLibrary | AnyPath | None = None,
    variant: str | None = None,
    consistency: bool = True,
    options: ModelOptions | None = None,
    progress: ShowProgress | None = None,
    training: Show | None = None,
    on_step: Say = lambda text, failed: None,
    workers: int = 1,
    views_cache: AnyPath | None = None,
    part: str | None = None,
    engine: str = ENGINE_NAMES[0],
) -> SuiteResult:
    """Compare models on a suite; called again, go on with an interrupted one.

    A model that fails does not stop the others. The comparison is written as ``comparison.md`` and ``comparison.json``;
    where several processes answer parts of the suite, by the one after which nothing is lacking.

    Args:
        suite: Name of a shipped suite (``eval/README.md``), or the path of its YAML.
        models: Models, folders of detections for a suite of events, or spotters and recipes of spotters for a suite
            that trains them; none for those of the suite.
        data_root: Folder that holds the suite's data; None for suites that make their own.
        out: Folder of the runs and the comparison; None for ``runs/SUITE``.
        limit: Only the first so many clips of each part.
        views: As for ``evaluate``, like the arguments below.
        prompts: Folder of prompt files that replace the shipped ones.
        variant: Prompt variant.
        consistency: Whether a clip's answers are decided together.
        options: How each model is loaded and asked.
        progress: Given the clips and questions to do, shows how far they are.
        training: Shows how far the trainings of a suite of spotters are.
        on_step: Called with how far the suite is, one line each, and whether that is a failure of a model.
        workers: As for ``evaluate``.
        views_cache: Likewise: with one, all models that see the same look at the clips once.
        part: As for ``evaluate``, of every model's run; for suites of questions.
        engine: Likewise.

    Raises:
        InputError: Everything that is wrong with the suite or its files; there is no model; only suites of questions
            are answered in parts or on a cluster.
    """
    chosen, label = read_suite(suite), suite_label(suite)
    model_names = list(models or chosen.models)
    if not model_names:
        kind = {"events": "folder of detections", "spotting": "recipe of a spotter"}.get(chosen.task, "model")
        raise InputError([Problem("--model", f"the suite {label} names no model; name a {kind}")])
    by_folder = dict(zip(run_names(model_names), model_names, strict=True))
    where = optional_path(out) or Path("runs") / label
    root = optional_path(data_root) or where / "data"
    if chosen.synthetic is None and data_root is None:
        message = f"the suite {label} needs the folder that holds its data (eval/README.md)"
        raise InputError([Problem("--data-root", message)])
    on_step(f"suite {label}: {chosen.title}; models: {', '.join(model_names)}; runs in {where}", False)
    shard = chosen_shard(part)
    on_cluster = known_engine(engine) != ENGINE_NAMES[0]
    if chosen.task != "vqa" and (shard is not None or on_cluster):
        option = "--shard" if shard is not None else "--engine"
        raise InputError([Problem(option, f"the suite {label} asks no questions: leave it out")])
    if chosen.task == "events":
        outcomes = _score_detections(chosen, root, by_folder, on_step)
    elif chosen.task == "spotting":
        from mevqa.api.suites.spotting_suite import compare_spotters

        outcomes = compare_spotters(chosen, root, where, by_folder, training, on_step)
    else:
        options_of = partial(ask_options, views=views, prompts=prompts, variant=variant, options=options)
        asking = {name: options_of(model, consistency=consistency) for name, model in by_folder.items()}
        facts = {"suite": label, "published": list(chosen.published)}
        drawing = DrawOptions(workers, optional_path(views_cache))
        answering = partial(answer_plan, facts=facts, progress=progress, drawing=drawing, on_cluster=on_cluster)
        outcomes = _answer(chosen, root, where, asking, answering, limit, on_step, shard)
    result = SuiteResult(chosen, where, tuple(outcomes))
    if result.whole:
        result.write()
    return result


def _answer(
    suite: Suite,
    root: Path,
    out: Path,
    models: Mapping[str, AskOptions],
    answering: Callable[..., RunRecord],
    limit: int | None,
    on_step: Say,
    shard: Shard | None,
) -> list[Outcome]:
    """Let every model answer, and score its answers."""
    if (synthetic := suite.synthetic) is not None:
        on_step(f"clips in {root}", False)
        # Of several processes the first makes the clips, the others find them.
        with hold_folder(root, wait=0.0 if shard is None else _SYNTHESIS):
            synthesise(
                root,
                synthetic.clips,
                synthetic.seed,
                subjects=synthetic.subjects,
                long=synthetic.long,
                seconds=synthetic.seconds,
            )
    work = plan_suite(suite, root, limit=limit)
    files, why_not = references(suite, root)
    reference = gather_references(files, out) if files else None
    has_references = reference is not None or any(question.reference is not None for question in work.all_questions)
    counted = f"{len(work.clips)} clips, {len(work.all_questions)} questions"
    on_step("; ".join(filter(None, (counted, why_not))), False)
    outcomes = []
    for number, (name, options) in enumerate(models.items(), 1):
        on_step(f"\n[{number}/{len(models)}] {options.model}", False)
        score = partial(score_answers, out / name, reference, preset=suite.preset) if has_references else None
        outcomes.append(_one_model(options, work, out / name, partial(answering, shard=shard), score, shard))
        if outcomes[-1].error is not None:
            on_step(f"{options.model} failed: {outcomes[-1].error}", True)
    return outcomes


def _one_model(
    options: AskOptions,
    work: Plan,
    out: Path,
    answering: Callable[[Plan, Path, AskOptions], RunRecord],
    score: Callable[[], Any] | None,
    shard: Shard | None,
) -> Outcome:
    """Let one model answer; whatever goes wrong is its outcome, so that the next model gets its turn."""
    name, questions, answered = shared_name(str(options.model)), work.all_questions, 0
    try:
        log = answering(work, out, options)
        lacking = None if shard is None else lacking_clips(log, questions)
        if lacking is not None and shard is not None:
            questions = part_of(work, shard).all_questions
        answered = sum(q.id in log.answers and log.answers[q.id].error is None for q in questions)
        scores = score() if score is not None and lacking is None else None
        return Outcome(name, out, answered, len(questions), scores, lacking=lacking)
    except Exception as error:  # An out-of-memory error or a bug in a model's code is this model's failure only.
        reason = str(error) if isinstance(error, MevqaError) else f"{type(error).__name__}: {error}"
        return Outcome(name, out, answered, len(questions), error=reason)


def _score_detections(suite: Suite, root: Path, models: Mapping[str, str], on_step: Say) -> list[Outcome]:
    """Score the detections of every model, part by part."""
    problems: list[Problem] = []
    coded = [find_file(root, part.reference or "", problems) for part in suite.parts]
    if problems:
        raise InputError(problems)
    outcomes = []
    for name, folder in ((name, Path(model)) for name, model in models.items()):
        for part, reference in zip(suite.parts, coded, strict=True):
            single = len(suite.parts) == 1 and folder.is_file()
            path = folder if single else folder / (part.detections or "")
            title = f"{name}, {part.dataset}"
            assert reference is not None
            try:
                if not path.is_file():
                    raise InputError([Problem(path, "is missing: the detections of this part")])
                outcomes.append(Outcome(title, path, result=score_events(path, reference, suite.preset, fps=part.fps)))
            except MevqaError as error:
                outcomes.append(Outcome(title, path, error=str(error)))
                on_step(f"{title} failed: {error}", True)
    return outcomes
