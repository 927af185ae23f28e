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
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mevqa.cli.model_options import add_model_options
from mevqa.cli.options import (
    add_drawing_options,
    add_long_options,
    add_look_options,
    add_media_options,
    ask_arguments,
)
from mevqa.cli.shot_options import add_shot_options, given_shot_options, shot_options
from mevqa.cli.values import positive, shard
from mevqa.errors import MevqaError

if TYPE_CHECKING:
    from mevqa.suites.results import SuiteResult

HELP = "answer an official question file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa eval``."""
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="question files (JSON lines), or a folder of mevqa prepare"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the run into this folder; continued if it exists (with --suite: runs/SUITE)",
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N clips; raise it later to go on")
    parser.add_argument(
        "--shard",
        type=shard,
        metavar="i/n",
        help="only every n-th clip, beginning with the i-th (1/2, 2/2), for processes that share --out; any number "
        "goes on with what others left (default under accelerate launch or torchrun: the process's own part)",
    )
    parser.add_argument(
        "--notes",
        type=Path,
        metavar="FILE",
        help="table of clip and note, sentences for the prompt, as mevqa physiology describe writes it",
    )
    parser.add_argument(
        "--class-table",
        type=Path,
        metavar="FILE",
        help="training file with answers: its fine classes by action units, without the subject who is asked about, "
        "decide the fine class together with the model",
    )
    add_drawing_options(parser)
    suite = parser.add_argument_group("benchmark suites")
    suite.add_argument("--suite", metavar="NAME", help="compare models on a suite (eval/README.md), or a suite's YAML")
    suite.add_argument("--data-root", type=Path, metavar="DIR", help="folder that holds the suite's data")
    add_media_options(parser)
    add_model_options(parser, several=True)
    add_look_options(parser)
    add_shot_options(parser)
    add_long_options(parser)


def run(args: argparse.Namespace) -> int:
    """Answer, print; 1 when some questions have no answer."""
    if args.suite is not None:
        return _run_suite(args)
    _check(args)
    from mevqa.api.evaluation.evaluate import evaluate
    from mevqa.cli.printing.run import print_part, print_run
    from mevqa.cli.progress import clip_progress
    from mevqa.inference.shards import launched_shard

    part = args.shard or launched_shard()
    model = args.model[0] if args.model else "nano"
    files = {
        "media": args.media,
        "annotations": args.annotations,
        "precomputed": args.precomputed,
        "numbers": args.numbers or "names",
        "limit": args.limit,
        "notes": args.notes,
    }
    model_arguments = ask_arguments(args)
    shots = shot_options(args)
    if args.estimate:
        if args.shard is not None:
            raise MevqaError("--estimate counts the whole run: leave --shard out of it")
        from mevqa.api.evaluation.arguments import QuestionFiles, ask_options
        from mevqa.api.evaluation.estimate import estimate_usage
        from mevqa.cli.printing.estimate import print_estimate

        asking = replace(ask_options(model, **model_arguments), shots=shots)
        usage = estimate_usage(QuestionFiles(args.files, **files), asking, out=args.out)
        print_estimate(usage, model, model_arguments["options"].served)
        return 0
    drawing = {"workers": args.workers, "engine": args.engine, "views_cache": args.views_cache}
    more = {"shots": shots, "class_table": args.class_table}
    evaluated = evaluate(
        args.files,
        model,
        out=args.out,
        **files,
        **model_arguments,
        **drawing,
        **more,
        part=part,
        progress=clip_progress,
    )
    return print_run(evaluated) if part is None else print_part(evaluated, part, launched=args.shard is None)


def _run_suite(args: argparse.Namespace) -> int:
    """Compare models on a suite, print; 1 when a model failed or left questions without an answer."""
    from mevqa.inference.shards import launched_shard

    decided = ("media", "annotations", "precomputed", "numbers", "notes", "estimate", "class_table")
    given_options = [f"--{name.replace('_', '-')}" for name in decided if getattr(args, name)]
    given_options += given_shot_options(args) + (["FILE"] if args.files else [])
    if given_options:
        mend = "leave it out" if given_options != ["--estimate"] else "name its question files to estimate one model"
        raise MevqaError(f"{', '.join(given_options)}: the suite says which files are used; {mend}")
    from mevqa.api.suites.suite import evaluate_suite
    from mevqa.cli.progress import clip_progress, training_progress
    from mevqa.table_writer import as_text

    result = evaluate_suite(
        args.suite,
        args.model,
        data_root=args.data_root,
        out=args.out,
        limit=args.limit,
        workers=args.workers,
        views_cache=args.views_cache,
        part=args.shard or launched_shard(),
        engine=args.engine,
        **ask_arguments(args),
        progress=clip_progress,
        training=training_progress(),
        on_step=lambda text, failed: print(text, file=sys.stderr if failed else sys.stdout, flush=True),
    )
    if not result.whole:
        return _print_parts(result)
    for table in (result.table(intervals=False), *result.published_tables):
        print("\n" + as_text(table))
    print("\n".join(result.notes))
    print(f"written: {result.out / 'comparison.md'} and comparison.json (with intervals)")
    if result.runs:
        print(f"to look at it: mevqa report {' '.join(map(str, result.runs))} --out {result.out / 'report'}")
    return 0 if result.complete else 1


def _print_parts(result: SuiteResult) -> int:
    """Print what this process answered and what others have yet to answer; return the exit code."""
    for outcome in result.outcomes:
        print(f"{outcome.name}: {outcome.answered} of {outcome.asked} questions answered -> {outcome.path}")
        if outcome.lacking is not None:
            print(f"  {outcome.lacking}")
    print("the comparison is written when nothing is lacking")
    return 0 if result.complete else 1


def _check(args: argparse.Namespace) -> None:
    """Refuse what goes only with a suite, and the lack of what goes only without."""
    if not args.files:
        raise MevqaError("name question files, or a suite with --suite")
    if args.out is None and not args.estimate:
        raise MevqaError("--out says where the answers go: name a run folder")
    if args.data_root is not None:
        raise MevqaError("--data-root goes with --suite; --media says where the clips are")
    if len(args.model) > 1:
        raise MevqaError("several models go with --suite; name one")
