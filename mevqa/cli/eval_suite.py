"""Run a benchmark suite: every model answers, one that fails does not stop the others, one table at the end."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.cli.options import ask_arguments
from mevqa.errors import InputError, MevqaError, Problem
from mevqa.files.whole import make_folder, write_whole
from mevqa.safe_text import PathShortener, portable

if TYPE_CHECKING:
    from mevqa.inference.answerer import AskOptions
    from mevqa.inference.evaluation import Plan
    from mevqa.suites.results import Outcome
    from mevqa.suites.suite import Suite
    from mevqa.table_writer import Table

#: Options that a suite decides.
_DECIDED = ("media", "annotations", "precomputed", "numbers")


def run_suite(args: argparse.Namespace) -> int:
    """Run the suite ``args.suite``; 1 when a model failed or left questions without an answer."""
    from mevqa.suites.results import comparison_table, published_notes
    from mevqa.suites.suite import read_suite, run_names, suite_label
    from mevqa.table_writer import as_text

    given = [f"--{name}" for name in _DECIDED if getattr(args, name)] + (["FILE"] if args.files else [])
    if given:
        raise MevqaError(f"{', '.join(given)}: the suite says which files are used; leave it out")
    suite, label = read_suite(args.suite), suite_label(args.suite)
    models = args.model or list(suite.models)
    if not models:
        kind = "folder of detections" if suite.task == "events" else "model"
        raise InputError([Problem("--model", f"the suite {label} names no model; name a {kind}")])
    names = run_names(models)
    out: Path = args.out or Path("runs") / label
    if suite.synthetic is None and args.data_root is None:
        raise InputError(
            [Problem("--data-root", f"the suite {label} needs the folder that holds its data (eval/README.md)")]
        )
    root: Path = args.data_root or out / "data"
    print(f"suite {label}: {suite.title}; models: {', '.join(models)}; runs in {out}")
    if suite.task == "events":
        outcomes = _score_detections(suite, root, dict(zip(names, map(Path, models), strict=True)))
    else:
        outcomes = _answer(args, suite, label, root, out, dict(zip(names, models, strict=True)))
    groups = list(dict.fromkeys([*suite.published, *(name for part in suite.parts for name in part.published)]))
    title = f"{suite.title} (preset {suite.preset})"
    print("\n" + as_text(comparison_table(title, outcomes, groups, intervals=False)))
    _finish(out, comparison_table(title, outcomes, groups), outcomes, published_notes(groups))
    return 0 if all(outcome.complete for outcome in outcomes) else 1


def _answer(
    args: argparse.Namespace, suite: Suite, label: str, root: Path, out: Path, models: dict[str, str]
) -> list[Outcome]:
    """Let every model answer, then score."""
    from mevqa.api.evaluate import ask_options
    from mevqa.suites.suite import plan_suite, references

    if suite.synthetic is not None:
        from mevqa.synthetic.writer import synthesise

        made = suite.synthetic
        print(f"clips in {root}", flush=True)
        more: dict[str, Any] = {"subjects": made.subjects, "long": made.long, "seconds": made.seconds}
        synthesise(root, made.clips, made.seed, **more)
    work = plan_suite(suite, root, limit=args.limit)
    answers, why_not = references(suite, root)
    reference = _gathered(answers, out) if answers else None
    known = reference is not None or any(question.reference is not None for question in work.all_questions)
    print(
        f"{len(work.clips)} clips, {len(work.all_questions)} questions" + (f"; {why_not}" if why_not else ""),
        flush=True,
    )
    facts = {"suite": label, "published": list(suite.published)}
    outcomes = []
    for place, (name, model) in enumerate(models.items(), 1):
        print(f"\n[{place}/{len(models)}] {model}", flush=True)
        options = ask_options(model, **ask_arguments(args))
        outcome = _one_model(options, work, out / name, facts, suite.preset, reference, known)
        outcomes.append(outcome)
        if outcome.error is not None:
            print(f"{model} failed: {outcome.error}", file=sys.stderr, flush=True)
    return outcomes


def _one_model(
    options: AskOptions,
    work: Plan,
    out: Path,
    facts: dict[str, Any],
    preset: str,
    reference: Path | None,
    known: bool,
) -> Outcome:
    """Let one model answer; whatever goes wrong is its outcome, so that the next model gets its turn."""
    from mevqa.cli.progress import clip_progress
    from mevqa.inference.answerer import answer_plan
    from mevqa.safe_text import shared_name
    from mevqa.scoring.answers.score import score_answers
    from mevqa.suites.results import Outcome

    asked = work.all_questions
    name = shared_name(str(options.model))
    answered = 0
    try:
        log = answer_plan(work, out, options, facts=facts, progress=clip_progress)
        answered = sum(q.id in log.answers and log.answers[q.id].error is None for q in asked)
        result = score_answers(out, reference, preset=preset) if known else None
        return Outcome(name, out, answered, len(asked), result)
    except Exception as error:  # An out-of-memory error or a bug in a model's code is this model's failure only.
        reason = str(error) if isinstance(error, MevqaError) else f"{type(error).__name__}: {error}"
        return Outcome(name, out, answered, len(asked), error=reason)


def _score_detections(suite: Suite, root: Path, models: dict[str, Path]) -> list[Outcome]:
    """Score the detections of every model, part by part."""
    from mevqa.scoring.events.score import score_events
    from mevqa.suites.results import Outcome
    from mevqa.suites.suite import find_file

    problems: list[Problem] = []
    coded = {part.dataset: find_file(root, part.reference or "", problems) for part in suite.parts}
    if problems:
        raise InputError(problems)
    outcomes = []
    for name, folder in models.items():
        for part in suite.parts:
            single = len(suite.parts) == 1 and folder.is_file()
            path = folder if single else folder / (part.detections or "")
            reference = coded[part.dataset]
            assert reference is not None
            title = f"{name}, {part.dataset}"
            try:
                if not path.is_file():
                    raise InputError([Problem(path, "is missing: the detections of this part")])
                result = score_events(path, reference, suite.preset, fps=part.fps)
                outcomes.append(Outcome(title, path, result=result))
            except MevqaError as error:
                outcomes.append(Outcome(title, path, error=str(error)))
                print(f"{title} failed: {error}", file=sys.stderr, flush=True)
    return outcomes


def _gathered(paths: list[Path], out: Path) -> Path:
    """Copy the reference files into one folder, the form in which several of them are scored together."""
    folder = out / "references"
    make_folder(folder)
    for path in paths:
        write_whole(folder / path.name, path.read_bytes())
    return folder


def _finish(out: Path, table: Table, outcomes: list[Outcome], notes: list[str]) -> None:
    """Write the comparison and say where it is."""
    from mevqa.scoring.tables import interval_line
    from mevqa.table_writer import as_markdown

    lines = [interval_line(outcome.result) for outcome in outcomes if outcome.result is not None][:1]
    print("\n".join(notes))
    content = {
        outcome.name: {
            "path": portable(str(outcome.path)),
            "status": outcome.status,
            **({"error": PathShortener([outcome.path])(outcome.error)} if outcome.error is not None else {}),
            **({"scores": outcome.result.as_dict()} if outcome.result is not None else {}),
        }
        for outcome in outcomes
    }
    make_folder(out)
    write_whole(out / "comparison.md", as_markdown([table], [*lines, *notes]))
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(out / "comparison.json", text)
    print(f"written: {out / 'comparison.md'} and comparison.json (with intervals)")
    runs = [str(outcome.path) for outcome in outcomes if (outcome.path / "manifest.json").is_file()]
    if runs:
        print(f"to look at it: mevqa report {' '.join(runs)} --out {out / 'report'}")
