"""What ``mevqa eval`` prints of a run: how many questions were answered, what failed, and the scores."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Console
from rich.table import Table

from mevqa.api.run import Run
from mevqa.questions.reading import UNUSABLE_MEANING
from mevqa.scoring.answers.score import score_run
from mevqa.scoring.result import ScoreResult
from mevqa.terminal import make_console
from mevqa.types import NO_MOTION, Answer, QuestionType


def print_run(run: Run) -> int:
    """Print what was answered, what failed and the scores; return the exit code."""
    console = make_console(highlight=False, soft_wrap=True)
    asked = run.questions
    missing = sum(question.id not in run.answers for question in asked)
    failed = [run.answers[q.id] for q in asked if q.id in run.answers and run.answers[q.id].error is not None]
    unknown = sum(question.type is QuestionType.OPEN for question in asked)
    answered = len(asked) - len(failed) - missing
    clips = len({question.clip_id for question in asked})
    console.print(f"{answered} of {len(asked)} questions answered, {clips} clips -> {run.path}")
    if thinking := run.manifest["decides"].get("settings", {}).get("thinking"):
        console.print(f"thinking {thinking}", markup=False)
    if unknown:
        console.print(f"{unknown} questions are of no known type and were answered freely")
    if missing:
        many = "question is" if missing == 1 else "questions are"
        console.print(
            f"{missing} {many} not in the run: the same command goes on with {'it' if missing == 1 else 'them'}"
        )
    _print_unusable(console, failed)
    _print_still(console, run)
    _print_warnings(console, run)
    for answer in failed[:10]:
        console.print("no answer", style="red", end="")
        console.print(f" {answer.question_id}: ", end="")
        console.print(answer.error, markup=False)
    if len(failed) > 10:
        console.print(f"... and {len(failed) - 10} more without an answer; see {run.path / 'answers.jsonl'}")
    scores = score_run(asked, run.answers, log=run.path / "answers.jsonl")
    if scores is not None:
        print_scores(console, scores)
        console.print(f"intervals, text measures, calibration: mevqa score {run.path}", style="dim")
    return 1 if failed or missing else 0


def _print_unusable(console: Console, failed: list[Answer]) -> None:
    """Print how many replies could not be used, by reason."""
    counts = Counter(answer.unusable for answer in failed if answer.unusable is not None)
    if counts:
        listed = "; ".join(f"{UNUSABLE_MEANING.get(why, why)}: {count}" for why, count in counts.most_common())
        total = counts.total()
        replies, they = ("reply", "It is") if total == 1 else ("replies", "They are")
        console.print(f"{total} {replies} could not be used ({listed}).", markup=False)
        console.print(f"{they} final: answer with other settings (--variant, --max-new-tokens) into a new --out.")


def _print_still(console: Console, run: Run) -> None:
    """Print how many clips showed no motion in their pictures of motion."""
    clips = dict.fromkeys(question.clip_id for question in run.questions)
    warned = (
        question.clip_id
        for question in run.questions
        if question.id in run.answers
        and any(warning.startswith(NO_MOTION) for warning in run.answers[question.id].warnings)
    )
    still = list(dict.fromkeys(warned))
    if still:
        names = ", ".join(still[:3]) + (", ..." if len(still) > 3 else "")
        count = f"{len(still)} of {len(clips)} clips show no motion"
        console.print(
            f"{count} ({names}): their answers have the confidence of the data set's prior",
            style="yellow",
            markup=False,
        )


def _print_warnings(console: Console, run: Run) -> None:
    """Print each kind of warning once, with how many questions it concerns."""
    answers = [run.answers[question.id] for question in run.questions if question.id in run.answers]
    counts = Counter(text for answer in answers for text in answer.warnings)
    for text, count in counts.most_common(8):
        console.print(f"warning ({count} questions): {text}", markup=False)


def print_scores(console: Console, result: ScoreResult) -> None:
    """Print the score table, one row a question type that can be right or wrong."""
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
