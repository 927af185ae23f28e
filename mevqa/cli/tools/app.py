"""Open a page in the browser: drop a video, look at its expression, ask about it, read the answers.

The page runs on this machine and asks no other one for anything. Uploaded videos are removed when their page is closed
(--keep DIR keeps them). It answers to this machine only; --host opens it to others, who must give a password.
Needs pip install 'mevqa[app]'.

Examples:
  mevqa app
  mevqa app clip.mp4
  mevqa app runs/samm
  mevqa app questions_to_answer.jsonl --media clips
  mevqa app --model Qwen/Qwen2.5-VL-3B-Instruct --compare nano
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mevqa.cli.common_options import add_device, add_dtype
from mevqa.cli.values import above_zero, dataset_name, positive

HELP = "a page in the browser: videos, questions, answers"

#: Name of the environment variable with the password.
_PASSWORD = "MEVQA_APP_PASSWORD"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa app``."""
    parser.add_argument(
        "start",
        nargs="?",
        type=Path,
        metavar="RUN|VIDEO|FOLDER|QUESTIONS",
        help="what can be chosen on the page: a run and its answers, a video, a folder of videos, a question file "
        "(default: nothing, a video is dropped)",
    )
    parser.add_argument(
        "--media", type=Path, metavar="DIR", help="folder of the videos of a question file, or of a run that was moved"
    )
    parser.add_argument(
        "--annotations",
        type=Path,
        metavar="FILE",
        help="coded events, a label file with onset, apex and offset of them",
    )
    model = parser.add_argument_group("models")
    model.add_argument(
        "--model", default="nano", metavar="MODEL", help="model that is asked, as for mevqa ask (default: nano)"
    )
    model.add_argument("--adapter", metavar="DIR", help="PEFT adapter, a folder or a hub name")
    model.add_argument("--compare", metavar="MODEL", help="a second model, whose answers stand beside")
    model.add_argument(
        "--compare-adapter", metavar="DIR", help="adapter of the second; without --compare of the same model"
    )
    add_device(model)
    add_dtype(model)
    parser.add_argument(
        "--dataset", type=dataset_name, default="unknown", metavar="NAME", help="data set whose classes are the options"
    )
    page = parser.add_argument_group("page")
    page.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine)")
    page.add_argument("--port", type=int, default=7860, metavar="N", help="its port, or the next free (default: 7860)")
    page.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"password that a browser must give (or set {_PASSWORD}); needed when --host opens the page to others",
    )
    page.add_argument(
        "--save-annotations",
        type=Path,
        metavar="FILE",
        help="table (.csv) to which annotations are saved, and that tells of clips when they are opened",
    )
    page.add_argument("--keep", type=Path, metavar="DIR", help="keep the files of ended pages there")
    page.add_argument("--max-size", type=above_zero, default=500.0, metavar="MB", help="largest upload (default: 500)")
    page.add_argument("--max-seconds", type=above_zero, default=600.0, metavar="S", help="longest video (default: 600)")
    page.add_argument(
        "--max-jobs", type=positive, default=30, metavar="N", help="requests of a browser in a minute (default: 30)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve the page until it is interrupted."""
    from mevqa.app.server import running
    from mevqa.app.settings import AppSettings, Limits

    settings = AppSettings(
        start=args.start,
        media=args.media,
        annotations=args.annotations,
        model=args.model,
        adapter=args.adapter,
        compare=args.compare,
        compare_adapter=args.compare_adapter,
        device=args.device,
        dtype=args.dtype,
        dataset=args.dataset,
        host=args.host,
        port=args.port,
        password=_password(args.password_file),
        saved=args.save_annotations,
        keep=args.keep,
        limits=Limits(megabytes=args.max_size, seconds=args.max_seconds, jobs=args.max_jobs),
    )
    with running(settings) as page:
        print(f"{page.address} (Ctrl-C ends it)", flush=True)
        _wait()
    return 0


def _wait() -> None:
    """Wait for an interrupt."""
    import threading

    with_nothing = threading.Event()
    try:
        with_nothing.wait()
    except KeyboardInterrupt:
        return


def _password(file: Path | None) -> str | None:
    """Return the password of a file or of the environment; None without one.

    Raises:
        InputError: The file cannot be read, or is empty.
    """
    from mevqa.errors import InputError, Problem

    if file is None:
        return os.environ.get(_PASSWORD) or None
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise InputError([Problem(file, f"cannot be read as a password: {reason}")]) from error
    if not password:
        raise InputError([Problem(file, "holds no password: write one line")])
    return password
