"""Output of ``mevqa eval``: how many questions were answered, what failed, and the scores."""

from __future__ import annotations

from collections import Counter

from rich.console import Console

from mevqa.api.evaluation.run import Run
from mevqa.inference.logs.usage_log import read_usage
from mevqa.inference.shards import Shard, lacking_clips, parse_shard
from mevqa.inference.trained_on import trained_on_warning
from mevqa.questions.question_types import question_type
from mevqa.questions.reading.types import UNUSABLE_MEANING
from mevqa.scoring.answers.score import score_run
from mevqa.scoring.tables import short_table
from mevqa.table_writer import as_text
from mevqa.terminal.console import make_console
from mevqa.types import NO_MOTION, Answer

_READ_SCORES = (
    "UF1 and UAR over the classes of the references; majority: accuracy of the commonest class;\n"
    "a missing answer, or one that cannot be read, is no answer and counts as wrong"
)


def print_run(run: Run) -> int:
    """Print what was answered, what failed and the scores; return the exit code."""
    console = make_console(highlight=False, soft_wrap=True)
    questions = run.questions
    missing = sum(question.id not in run.answers for question in questions)
    failed = [run.answers[q.id] for q in questions if q.id in run.answers and run.answers[q.id].error is not None]
    unknown = sum(question.type == "open" for question in questions)
    answered = len(questions) - len(failed) - missing
    clips = len({question.clip_id for question in questions})
    console.print(f"{answered} of {len(questions)} questions answered, {clips} clips -> {run.path}")
    if thinking := run.manifest["decides"].get("settings", {}).get("thinking"):
        console.print(f"thinking {thinking}", markup=False)
    _print_usage(console, run)
    if unknown:
        console.print(f"{unknown} questions are of no known type and were answered freely")
    if missing:
        many = "question is" if missing == 1 else "questions are"
        console.print(
            f"{missing} {many} not in the run: the same command goes on with {'it' if missing == 1 else 'them'}"
        )
    _print_unusable(console, failed)
    if (warning := trained_on_warning(run.manifest, questions)) is not None:
        console.print(warning, style="yellow", markup=False)
    _print_prior(console, run)
    _print_still(console, run)
    _print_warnings(console, run)
    for answer in failed[:10]:
        console.print("no answer", style="red", end="")
        console.print(f" {answer.question_id}: ", end="")
        console.print(answer.error, markup=False)
    if len(failed) > 10:
        console.print(f"... and {len(failed) - 10} more without an answer; see {run.path / 'answers.jsonl'}")
    scores = score_run(questions, run.answers, log=run.path / "answers.jsonl")
    if scores is not None:
        console.print(f"\n{as_text(short_table(scores))}\n", markup=False)
        console.print(_READ_SCORES, style="dim")
        console.print(f"intervals, text measures, calibration: mevqa score {run.path}", style="dim")
    return 1 if failed or missing else 0


def print_part(run: Run, part: str, *, launched: bool) -> int:
    """Print what one of several processes answered and what is left, or the whole run where nothing is.

    Args:
        run: As all processes have written it so far.
        part: Which of them, ``i/n``.
        launched: Whether a launcher started it, which ends the others where one does not return 0.

    Returns:
        The exit code.
    """
    mine = set(Shard(*parse_shard(part)).of(dict.fromkeys(question.clip_id for question in run.questions)))
    questions = [question for question in run.questions if question.clip_id in mine]
    answered = sum(q.id in run.answers and run.answers[q.id].error is None for q in questions)
    print(f"part {part}: {answered} of {len(questions)} questions answered, {len(mine)} clips -> {run.path}")
    lacking = lacking_clips(run, run.questions)
    if lacking is None:
        return print_run(run)
    print(lacking)
    return int(answered < len(questions) and not launched)


def _print_usage(console: Console, run: Run) -> None:
    """Print what a served model used and why it stopped."""
    used = read_usage(run.path)
    if used is None:
        return
    counts = used.counts
    cached = f" ({counts['cached_tokens']:,} cached)" if counts["cached_tokens"] else ""
    repeated = f" ({counts['repeated']:,} failed ones besides)" if counts["repeated"] else ""
    line = f"{counts['requests']:,} requests{repeated}, {counts['prompt_tokens']:,} prompt tokens{cached}, "
    line += f"{counts['written_tokens']:,} written"
    if not used.unpriced:
        line += f"; cost {used.cost:.4g} by --price"
    elif used.cost:
        line += f"; cost {used.cost:.4g} by --price, and {used.unpriced:,} requests without a price"
    console.print(line, markup=False)
    if used.stopped:
        console.print(f"stopped: {used.stopped}", style="yellow", markup=False)


def _print_unusable(console: Console, failed: list[Answer]) -> None:
    """Print how many replies could not be used, by reason."""
    counts = Counter(answer.unusable for answer in failed if answer.unusable is not None)
    if counts:
        listed = "; ".join(f"{UNUSABLE_MEANING.get(why, why)}: {count}" for why, count in counts.most_common())
        total = counts.total()
        replies, they = ("reply", "It is") if total == 1 else ("replies", "They are")
        console.print(f"{total} {replies} could not be used ({listed}).", markup=False)
        console.print(f"{they} final: answer with other settings (--variant, --max-new-tokens) into a new --out.")


def _print_prior(console: Console, run: Run) -> None:
    """Print how many answers about classes --prior could not change, as the model told no probabilities."""
    if "prior" not in run.manifest["decides"].get("settings", {}):
        return
    classes = [q for q in run.questions if question_type(q.type).fact in ("coarse", "fine")]
    answers = [run.answers[q.id] for q in classes if q.id in run.answers and run.answers[q.id].error is None]
    plain = sum(not answer.options for answer in answers)
    if plain:
        console.print(
            f"--prior changed nothing in {plain} of {len(answers)} answers about classes: "
            "the model told no probabilities of the options",
            style="yellow",
            markup=False,
        )


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
