"""Answer official question files with a vision-language model.

Reads the 2025 and 2026 formats, short and long video, and writes a run folder: a manifest of everything that decided
the answers, and one JSON line an answer; of long videos also the events that were found (events.csv). Run the same
command again to continue an interrupted run.

Examples:
  mevqa eval me_vqa_samm_v2_test_to_answer.jsonl --media SAMM_test --out runs/samm
  mevqa eval me_lvqa_samm_test_to_answer.jsonl --media SAMM_test --out runs/long
  mevqa eval me_vqa_casme2_train.jsonl --precomputed flow=maps --out runs/nano
  mevqa eval me_vqa_casme2_train.jsonl --precomputed flow=maps --views motion --model FOLDER_OR_HUB_NAME --out runs/own
  mevqa eval --suite synthetic --model nano --model mock
  mevqa eval --suite megc2026-vqa --data-root DIR --model nano --model Qwen/Qwen2.5-VL-3B-Instruct
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.options import add_long_options, add_look_options, add_media_options, add_model_options, pictures
from mevqa.cli.values import positive

if TYPE_CHECKING:
    from rich.console import Console

    from mevqa.inference.evaluation import Plan
    from mevqa.inference.runs import RunWriter
    from mevqa.scoring.result import ScoreResult
    from mevqa.types import Answer

HELP = "answer an official question file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa eval``."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="question files (JSON lines)")
    parser.add_argument(
        "--out", type=Path, metavar="RUN", help="run folder; continued if it exists (with --suite: runs/SUITE)"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N clips; raise it later to go on")
    suite = parser.add_argument_group("benchmark suites")
    suite.add_argument("--suite", metavar="NAME", help="compare models on a suite (eval/README.md), or a suite's YAML")
    suite.add_argument("--data-root", type=Path, metavar="DIR", help="folder that holds the suite's data")
    add_media_options(parser)
    add_model_options(parser, several=True)
    add_look_options(parser)
    add_long_options(parser)


def run(args: argparse.Namespace) -> int:
    """Plan, load, answer, score; 1 when some questions have no answer."""
    if args.suite is not None:
        from mevqa.cli.eval_suite import run_suite

        return run_suite(args)
    from mevqa.cli.answering import answer_all
    from mevqa.inference.evaluation import plan

    _check(args)
    work = plan(
        args.files,
        args.media,
        annotations=args.annotations,
        pictures=pictures(args.precomputed),
        limit=args.limit,
        numbers=args.numbers or "names",
    )
    chosen = argparse.Namespace(**{**vars(args), "model": args.model[0] if args.model else "nano"})
    return report(work, answer_all(chosen, work, args.out))


def _check(args: argparse.Namespace) -> None:
    """Refuse what goes only with a suite, and the lack of what goes only without.

    Raises:
        MevqaError: One line for what is wrong.
    """
    from mevqa.errors import MevqaError

    if not args.files:
        raise MevqaError("name question files, or a suite with --suite")
    if args.out is None:
        raise MevqaError("--out says where the answers go: name a run folder")
    if args.data_root is not None:
        raise MevqaError("--data-root goes with --suite; --media says where the clips are")
    if len(args.model) > 1:
        raise MevqaError("several models go with --suite; name one")


def report(work: Plan, log: RunWriter) -> int:
    """Print what was answered, what failed and the scores; return the exit code."""
    from mevqa.scoring.answers.score import score_run
    from mevqa.terminal import make_console
    from mevqa.types import QuestionType

    console = make_console(highlight=False, soft_wrap=True)
    asked = work.all_questions
    missing = sum(question.id not in log.answers for question in asked)
    failed = [log.answers[q.id] for q in asked if q.id in log.answers and log.answers[q.id].error is not None]
    unknown = sum(question.type is QuestionType.OPEN for question in asked)
    answered = len(asked) - len(failed) - missing
    console.print(f"{answered} of {len(asked)} questions answered, {len(work.clips)} clips -> {log.path}")
    if thinking := log.manifest["decides"].get("settings", {}).get("thinking"):
        console.print(f"thinking {thinking}", markup=False)
    if unknown:
        console.print(f"{unknown} questions are of no known type and were answered freely")
    if missing:
        many = "question is" if missing == 1 else "questions are"
        console.print(
            f"{missing} {many} not in the run: the same command goes on with {'it' if missing == 1 else 'them'}"
        )
    _print_unusable(console, failed)
    _print_still(console, work, log)
    _print_warnings(console, log, [question.id for question in asked])
    for answer in failed[:10]:
        console.print("no answer", style="red", end="")
        console.print(f" {answer.question_id}: ", end="")
        console.print(answer.error, markup=False)
    if len(failed) > 10:
        console.print(f"... and {len(failed) - 10} more without an answer; see {log.path / 'answers.jsonl'}")
    scores = score_run(asked, log.answers, log=log.path / "answers.jsonl")
    if scores is not None:
        print_scores(console, scores)
        console.print(f"intervals, text measures, calibration: mevqa score {log.path}", style="dim")
    return 1 if failed or missing else 0


def _print_unusable(console: Console, failed: list[Answer]) -> None:
    """Print how many replies could not be used, by reason."""
    from collections import Counter

    from mevqa.questions.reading import UNUSABLE_MEANING

    counts = Counter(answer.unusable for answer in failed if answer.unusable is not None)
    if counts:
        listed = "; ".join(f"{UNUSABLE_MEANING.get(why, why)}: {count}" for why, count in counts.most_common())
        total = counts.total()
        replies, they = ("reply", "It is") if total == 1 else ("replies", "They are")
        console.print(f"{total} {replies} could not be used ({listed}).", markup=False)
        console.print(f"{they} final: answer with other settings (--variant, --max-new-tokens) into a new --out.")


def _print_still(console: Console, work: Plan, log: RunWriter) -> None:
    """Print how many clips showed no motion in their pictures of motion."""
    from mevqa.types import NO_MOTION

    still = [
        clip
        for clip, group in work.questions.items()
        if any(w.startswith(NO_MOTION) for q in group if q.id in log.answers for w in log.answers[q.id].warnings)
    ]
    if still:
        names = ", ".join(still[:3]) + (", ..." if len(still) > 3 else "")
        count = f"{len(still)} of {len(work.questions)} clips show no motion"
        console.print(
            f"{count} ({names}): their answers have the confidence of the data set's prior",
            style="yellow",
            markup=False,
        )


def _print_warnings(console: Console, log: RunWriter, ids: list[str]) -> None:
    """Print each kind of warning once, with how many questions it concerns."""
    from collections import Counter

    counts = Counter(text for key in ids if key in log.answers for text in log.answers[key].warnings)
    for text, count in counts.most_common(8):
        console.print(f"warning ({count} questions): {text}", markup=False)


def print_scores(console: Console, result: ScoreResult) -> None:
    """Print the score table, one row a question type that can be right or wrong."""
    from rich import box
    from rich.table import Table

    kinds = [key.removesuffix(".questions") for key in result.counts if key.endswith(".questions")]
    headings = {
        "accuracy": "accuracy",
        "uf1": "UF1",
        "uar": "UAR",
        "majority": "majority",
        "f1": "set F1",
        "mae": "MAE",
        "iou50": "IoU >= .5",
        "rouge1": "ROUGE-1",
    }
    metrics = [name for name in headings if any(f"{kind}.{name}" in result.metrics for kind in kinds)]
    table = Table(title="scores", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("question", no_wrap=True)
    for heading in ("n", *(headings[name] for name in metrics), "unusable"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind in kinds:
        values = [result.metrics.get(f"{kind}.{name}") for name in metrics]
        if any(value is not None for value in values):
            cells = ["" if value is None else f"{value:.3f}" for value in values]
            unusable = str(result.counts[f"{kind}.unusable"] or "")
            table.add_row(kind, str(result.counts[f"{kind}.questions"]), *cells, unusable)
    console.print(table)
    console.print(
        "UF1 and UAR over the classes of the references; majority: accuracy of the commonest class;\n"
        "a missing answer, or one that cannot be read, is unusable and counts as wrong",
        style="dim",
    )
