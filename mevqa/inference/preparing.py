"""Prepare a benchmark: draw the pictures of every clip, in parallel, and keep them with the questions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mevqa.engines import Engine, Lost
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.lock import hold_folder
from mevqa.files.system_errors import media_problem
from mevqa.files.whole import is_vacant, whole_folder, write_whole
from mevqa.inference.drawing.cache import CachedViews, ViewCache, drawn_with
from mevqa.inference.drawing.rows import facts_of, png_bytes
from mevqa.inference.evaluation import Plan, check_views
from mevqa.inference.fingerprint import input_digests, package_versions, view_config_record, words_record
from mevqa.inference.prepared import QUESTIONS, RECORD, Prepared, PreparedClip, PreparedRecord, is_prepared
from mevqa.inference.runs import file_digest, refuse_changes
from mevqa.inference.view_config import ViewConfig
from mevqa.questions.prompts import PromptLibrary
from mevqa.questions.question_types import asks_long_video
from mevqa.signals import quiet_workers
from mevqa.types import Clip
from mevqa.video.opencv_threads import without_opencv_threads
from mevqa.video.reading.key_frames import KEY_FRAME_RULES

if TYPE_CHECKING:
    import datasets

_FORMAT = 1
#: Rows that are drawn and kept at a time: what an interruption loses at most.
_CHUNK = 32
#: Packages whose release can change a picture.
_PACKAGES = ("mevqa", "numpy", "opencv-python-headless", "av", "decord", "pillow")
#: Choices that decide no picture: they are about the events of long videos.
_OF_EVENTS = ("lvqa", "rule", "spotter")


def prepare_plan(
    work: Plan,
    view_config: ViewConfig,
    out: Path,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cache: ViewCache | None = None,
) -> Prepared:
    """Draw the pictures of every clip of a plan; called again, go on, or return what is there.

    Args:
        work: The plan.
        view_config: Which views are made and how.
        out: The folder; what is drawn is kept in ``OUT.parts`` until all is there.
        workers: Processes that draw.
        engine: Where they are; None: on this machine.
        progress: Called with rows done and rows in all.
        cache: Where pictures are stored for other runs, and looked up; None: nowhere.

    Raises:
        InputError: Every clip that cannot be drawn; the folder holds something else, or was prepared from other inputs.
    """
    looking = view_config_record(view_config)
    decides = {
        **input_digests(work),
        "looking": {name: value for name, value in looking.items() if name not in _OF_EVENTS},
        **words_record(view_config),
        "key_frames": KEY_FRAME_RULES,
        "packages": package_versions(_PACKAGES),
    }
    if is_prepared(out):
        prepared = Prepared(out)
        refuse_changes(out, prepared.record.decides, decides, "it was prepared", "--out DIR")
        return prepared
    if out.exists() and not (out.is_dir() and is_vacant(out)):
        raise InputError([Problem(out, "exists and is no prepared benchmark; name a new folder for --out")])
    check_views(work, replace(view_config, lvqa="model"))  # The events of long videos are not looked at here.
    names = [file.path.name for file in work.files]
    if doubled := [file.path for file in work.files if names.count(file.path.name) > 1]:
        raise InputError([Problem(path, "has the name of another question file; rename one") for path in doubled])
    parts = Path(f"{out}.parts")
    digest = blake2b(json.dumps(decides, sort_keys=True).encode(), digest_size=8).hexdigest()
    with hold_folder(parts), without_bars():
        drawn_by = drawn_with(view_config, cache)
        rows = _draw_all(work, drawn_by, parts, digest, workers, engine, progress)
        with whole_folder(out) as folder:
            rows.save_to_disk(str(folder))
            copy_questions(work, decides, folder / QUESTIONS)
            record = PreparedRecord(
                format=_FORMAT,
                decides=decides,
                sources=[source.as_record() for source in work.sources],
                files=names,
                clips={clip.id: _clip_record(clip) for clip in work.clips.values()},
            )
            text = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
            write_whole(folder / RECORD, text + "\n")
        shutil.rmtree(parts, ignore_errors=True)
    return Prepared(out)


def _clip_record(clip: Clip) -> PreparedClip:
    media = None if clip.media is None else str(clip.media.absolute())
    return PreparedClip(
        dataset=clip.dataset, subject=clip.subject, media=media, fps=clip.fps, warnings=tuple(clip.warnings)
    )


def copy_questions(work: Plan, decides: Mapping[str, Any], folder: Path) -> None:
    """Copy the question files of a plan into a new folder, as they were when what decides was written down.

    Args:
        work: The plan.
        decides: With what ``input_digests`` returned.
        folder: Where.

    Raises:
        InputError: A file has changed since.
    """
    folder.mkdir()
    for file in work.files:
        copy = folder / file.path.name
        shutil.copyfile(file.path, copy)
        if file_digest(copy) != decides["questions"][copy.name]:
            raise InputError([Problem(file.path, "was changed while it was worked on; give the same command again")])


def _draw_all(
    work: Plan,
    drawn_by: ViewConfig | CachedViews,
    parts: Path,
    digest: str,
    workers: int,
    engine: Engine | None,
    progress: Callable[[int, int], None],
) -> datasets.Dataset:
    """Draw what is not kept yet, chunk by chunk."""
    import datasets

    question_rows = list(_rows(work))
    features = _features()
    # Not inferred: without any reference or subject their columns would have no type.
    question_features = datasets.Features({name: features[name] for name in question_rows[0]})
    chunks: list[datasets.Dataset] = []
    problems: list[Problem] = []
    if engine is not None:
        _draw_on(engine, work, question_rows, drawn_by, parts, digest, progress)
    for start in range(0, len(question_rows), _CHUNK):
        rows = question_rows[start : start + _CHUNK]
        chunk_folder = parts / f"{digest}-{start:06d}"
        if not chunk_folder.exists():
            with quiet_workers(), _lost_workers(workers), without_opencv_threads():
                drawn = datasets.Dataset.from_list(rows, features=question_features).map(
                    _draw,
                    fn_kwargs={"clips": {row["clip_id"]: work.clips[row["clip_id"]] for row in rows}}
                    | {"drawn_by": drawn_by},
                    features=features,
                    num_proc=min(workers, len(rows)) if workers > 1 else None,
                    new_fingerprint=f"{digest}{start:06d}",
                )
            chunk_problems = [
                Problem(problem["path"], problem["message"]) for row in drawn["problems"] for problem in row
            ]
            problems += chunk_problems
            if not chunk_problems:
                with whole_folder(chunk_folder) as folder:
                    drawn.remove_columns("problems").save_to_disk(str(folder))
        progress(min(start + _CHUNK, len(question_rows)), len(question_rows))
        if not problems:
            chunks.append(datasets.load_from_disk(str(chunk_folder)))
    if problems:
        raise InputError(problems)
    return datasets.concatenate_datasets(chunks)


def _draw_on(
    engine: Engine,
    work: Plan,
    question_rows: Sequence[dict[str, Any]],
    drawn_by: ViewConfig | CachedViews,
    parts: Path,
    digest: str,
    progress: Callable[[int, int], None],
) -> None:
    """Draw what is not kept yet on an engine, and keep each chunk once all of it is there.

    Raises:
        InputError: Every clip that cannot be drawn, once the others are kept.
    """
    import datasets

    starts = [start for start in range(0, len(question_rows), _CHUNK) if not (parts / f"{digest}-{start:06d}").exists()]
    row_indices = [row_index for start in starts for row_index in range(start, min(start + _CHUNK, len(question_rows)))]
    items = [(question_rows[row_index], work.clips[question_rows[row_index]["clip_id"]]) for row_index in row_indices]
    drawn: dict[int, dict[str, Any]] = {}
    problems: list[Problem] = []
    with closing(engine.map(partial(_draw_item, drawn_by=drawn_by), items)) as results:
        for done, (number, result) in enumerate(results, start=1):
            row_index = row_indices[number]
            if isinstance(result, Lost):
                result = _nothing([{"path": question_rows[row_index]["clip_id"], "message": result.reason}])
            problems += [Problem(problem["path"], problem["message"]) for problem in result["problems"]]
            drawn[row_index] = question_rows[row_index] | result
            start = row_index - row_index % _CHUNK
            chunk = range(start, min(start + _CHUNK, len(question_rows)))
            if all(index in drawn for index in chunk):
                rows = [drawn.pop(index) for index in chunk]
                if not any(row["problems"] for row in rows):
                    chunk_rows = datasets.Dataset.from_list(rows, features=_features()).remove_columns("problems")
                    with whole_folder(parts / f"{digest}-{start:06d}") as folder:
                        chunk_rows.save_to_disk(str(folder))
            progress(len(question_rows) - len(row_indices) + done, len(question_rows))
    if problems:
        raise InputError(problems)


def _draw_item(item: tuple[Mapping[str, Any], Clip], drawn_by: ViewConfig | CachedViews) -> dict[str, Any]:
    row, clip = item
    return _draw(row, {clip.id: clip}, drawn_by)


@contextmanager
def _lost_workers(workers: int) -> Iterator[None]:
    """Turn the error of a process that the system ended into one line."""
    try:
        yield
    except RuntimeError as error:
        if "abruptly died" not in str(error):
            raise
        message = f"one of {workers} processes was ended by the system, often for lack of memory; name fewer"
        raise InputError([Problem("--workers", message)]) from error


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep the library's own bars from the terminal: callers show the progress."""
    import datasets

    shows_bars = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shows_bars:
            datasets.enable_progress_bars()


def _rows(work: Plan) -> Iterator[dict[str, Any]]:
    """Yield a row for each clip and way of asking about it, with its questions."""
    prompts = PromptLibrary.load()
    for clip_id, questions in work.questions.items():
        clip = work.clips[clip_id]
        for long_video in (False, True):
            group = [question for question in questions if asks_long_video(question) == long_video]
            if group:
                listed = [
                    {
                        "id": question.id,
                        "text": question.text,
                        "type": question.type,
                        "options": list(prompts.request(question).options),
                        "reference": question.reference,
                    }
                    for question in group
                ]
                yield {
                    "clip_id": clip_id,
                    "dataset": clip.dataset,
                    "subject": clip.subject,
                    "long_video": long_video,
                    "questions": listed,
                }


def _features() -> datasets.Features:
    """Return the columns of the rows, and one for what is wrong with a clip."""
    from datasets import Features, Image, Value

    text, number = Value("string"), Value("int64")
    question = {"id": text, "text": text, "type": text, "options": [text], "reference": text}
    return Features(
        {
            "clip_id": text,
            "dataset": text,
            "subject": text,
            "long_video": Value("bool"),
            "questions": [question],
            "views": [{"name": text, "image": Image(), "caption": text, "frames": [number]}],
            "moments": [{"frame": number, "role": text}],
            "onset": number,
            "apex": number,
            "offset": number,
            "localised": Value("bool"),
            "source": text,
            "stillness": text,
            "warnings": [text],
            "notes": [text],
            "problems": [{"path": text, "message": text}],
        }
    )


def _draw(row: Mapping[str, Any], clips: Mapping[str, Clip], drawn_by: ViewConfig | CachedViews) -> dict[str, Any]:
    """Return the pictures of a row, or why there are none."""
    clip = clips[row["clip_id"]]
    try:
        clip_views = drawn_by.render(clip, long_video=row["long_video"])
    except InputError as error:
        return _nothing([{"path": str(problem.path), "message": problem.message} for problem in error.problems])
    except (MediaError, OSError) as error:
        problem = media_problem(error, clip.media or Path(clip.id))
        return _nothing([{"path": str(problem.path), "message": problem.message}])
    return {
        "views": [
            # Always PNG: a picture that was read from a JPEG would be written as one again.
            {"name": view.name, "image": {"bytes": png_bytes(view.image), "path": None}}
            | {"caption": view.caption, "frames": list(view.frames)}
            for view in clip_views.views
        ],
        **facts_of(clip_views),
        "problems": [],
    }


def _nothing(problems: list[dict[str, str]]) -> dict[str, Any]:
    empty = {
        "views": [],
        "moments": [],
        "warnings": [],
        "notes": [],
        "localised": False,
        "source": "",
        "stillness": None,
    }
    return {**empty, "onset": None, "apex": None, "offset": None, "problems": problems}
