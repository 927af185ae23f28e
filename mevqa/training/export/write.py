"""Write an export: pictures, conversations, and the files by which toolkits find them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mevqa.data.persons import is_known, person
from mevqa.errors import InputError, MediaError, Problem
from mevqa.files.system_errors import media_problem
from mevqa.files.whole import is_vacant, whole_folder, write_whole
from mevqa.formats import ConversationFormat
from mevqa.inference.drawing.rows import png_bytes
from mevqa.inference.engine import DrawsViews
from mevqa.inference.evaluation import Plan
from mevqa.inference.preparing import copy_questions, without_bars
from mevqa.models.base import Preferences
from mevqa.training.export.card import card, configurations
from mevqa.training.export.conversations import AskedQuestion, ClipConversations
from mevqa.training.export.divisions import WHOLE, Division
from mevqa.training.export.formats import dataset_entry, facts, structured_record, text_record, user_text
from mevqa.training.export.record import FORMAT, INDEX, PROMPTS, QUESTIONS, RECORD, ExportedClip, ExportRecord, IndexRow
from mevqa.training.prompt_files import copy_prompts
from mevqa.video.views.render import ClipViews

#: Folder of the pictures, and of the files of a data set that has them inside.
_IMAGES, _DATA = "images", "data"


@dataclass(frozen=True, slots=True)
class Export:
    """Result of an export.

    Attributes:
        folder: The folder.
        format: The format of the conversations.
        clips: Number of clips.
        conversations: Number of conversations.
        pictures: Number of pictures.
        splits: Number of conversations by split, by the name of the fold (``default`` without folds).
        left_out: Number of questions that were left out: about long videos, or, with folds, without an answer.
    """

    folder: Path
    format: ConversationFormat
    clips: int
    conversations: int
    pictures: int
    splits: Mapping[str, Mapping[str, int]]
    left_out: int


@dataclass(slots=True)
class _Written:
    """Records, index and pictures that an export has written so far.

    Attributes:
        records: Each question's record, by clip and question.
        index: Rows of the index.
        pictures: Number of pictures.
        shards: Files of clips, by clip, for data sets that have pictures inside.
    """

    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    index: list[IndexRow] = field(default_factory=list)
    pictures: int = 0
    shards: dict[str, str] = field(default_factory=dict)


def check_out(out: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        InputError: It does, or is a file.
    """
    if out.exists() and not (out.is_dir() and is_vacant(out)):
        raise InputError([Problem(out, "exists already; name a new folder for --out")])


def write_export(
    work: Plan,
    conversations: Sequence[ClipConversations],
    divisions: Sequence[Division],
    out: Path,
    *,
    form: ConversationFormat,
    drawn_by: DrawsViews,
    decides: Mapping[str, Any],
    preferences: Preferences,
    prompts: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Export:
    """Write an export; the folder appears when all of it is there.

    Args:
        work: The plan of the clips.
        conversations: The clips and what is asked about them.
        divisions: How they are divided.
        out: A new folder.
        form: The format of the conversations.
        drawn_by: What gives the pictures.
        decides: Everything that decided pictures and prompts.
        preferences: How a model that was trained on it wants to be asked.
        prompts: Folder of the user's prompt files.
        progress: Called with clips done and clips in all.

    Raises:
        InputError: Every clip that cannot be drawn; the folder cannot be written.
    """
    check_out(out)
    has_folds = [division.name for division in divisions] != [WHOLE]
    exported = {
        clip.clip.id: [a for a in clip.asked if a.answer is not None or not has_folds] for clip in conversations
    }
    written = _Written()
    with whole_folder(out) as folder:
        _write_clips(folder, conversations, exported, form, drawn_by, written, progress)
        splits = {
            division.name: {
                name: _ids_in_order([a.id for clip in clips for a in exported[clip]], form, written)
                for name, clips in division.splits.items()
            }
            for division in divisions
        }
        files = _write_splits(folder, divisions, exported, form, written)
        _write_record(folder, work, form, decides, preferences, splits, written)
        copy_prompts(prompts, folder / PROMPTS)
        write_whole(folder / "README.md", card(form, files, configurations(files)))
    counts = {name: {split: len(ids) for split, ids in sides.items()} for name, sides in splits.items()}
    question_count = sum(map(len, exported.values()))
    left_out = sum(map(len, work.questions.values())) - question_count
    return Export(out, form, len(exported), question_count, written.pictures, counts, left_out)


def _write_clips(
    folder: Path,
    conversations: Sequence[ClipConversations],
    exported: Mapping[str, Sequence[AskedQuestion]],
    form: ConversationFormat,
    drawn_by: DrawsViews,
    written: _Written,
    progress: Callable[[int, int], None],
) -> None:
    """Write pictures and conversations of every clip; once one cannot be drawn, the others are only tried.

    Raises:
        InputError: Every clip that cannot be drawn.
    """
    problems: list[Problem] = []
    groups = _persons(conversations) if form == "hf" else [[clip] for clip in conversations]
    done = 0
    for number, group in enumerate(groups):
        rows: list[dict[str, Any]] = []
        for clip in group:
            try:
                clip_views = drawn_by.render(clip.clip, long_video=False)
            except InputError as error:
                problems += error.problems
            except (MediaError, OSError) as error:
                problems.append(media_problem(error, clip.clip.media or Path(clip.clip.id)))
            else:
                if not problems:
                    rows += _write_clip(folder, clip, exported[clip.clip.id], clip_views, form, written)
            done += 1
            progress(done, len(conversations))
        if form == "hf" and rows and not problems:
            shard = f"{_DATA}/{number:05d}.parquet"
            _write_shard(folder / shard, rows)
            written.shards.update((clip.clip.id, shard) for clip in group)
    if problems:
        raise InputError(problems)


def _ids_in_order(ids: list[str], form: ConversationFormat, written: _Written) -> list[str]:
    """Return the questions of a split in the order of its file; files with pictures inside hold person after person."""
    if form != "hf":
        return ids
    position_of = {row.id: position for position, row in enumerate(written.index)}
    return sorted(ids, key=lambda name: position_of[name])


def _persons(conversations: Sequence[ClipConversations]) -> list[list[ClipConversations]]:
    """Return the clips of each person, with those that are trained on and those of a test apart."""
    groups: dict[Any, list[ClipConversations]] = {}
    for clip in conversations:
        who = person(clip.clip) if is_known(clip.clip) else clip.clip.dataset
        groups.setdefault((who, clip.is_answered), []).append(clip)
    return list(groups.values())


def _write_clip(
    folder: Path,
    clip: ClipConversations,
    asked: Sequence[AskedQuestion],
    clip_views: ClipViews,
    form: ConversationFormat,
    written: _Written,
) -> list[dict[str, Any]]:
    """Write the pictures of a clip; its rows are kept, or returned where the pictures go inside."""
    pictures = [png_bytes(view.image) for view in clip_views.views]
    names: list[str] = []
    written.pictures += len(pictures)
    if form != "hf":
        picture_folder = f"{_IMAGES}/{clip.clip.id}"
        (folder / picture_folder).mkdir(parents=True, exist_ok=True)
        names = [f"{picture_folder}/{number:02d}_{view.name}.png" for number, view in enumerate(clip_views.views, 1)]
        for name, picture in zip(names, pictures, strict=True):
            write_whole(folder / name, picture)
    rows = []
    clip_records = written.records.setdefault(clip.clip.id, {})
    for question in asked:
        conversation = clip.messages(question, clip_views.views, clip_views.notes)
        question_facts = facts(clip, question)
        user = user_text(conversation)
        written.index.append(
            IndexRow(id=question.id, clip=clip.clip.id, user=user, pictures=names, answer=question.answer)
        )
        if form == "hf":
            rows.append(structured_record(question_facts, conversation, pictures))
        else:
            clip_records[question.id] = text_record(form, question_facts, conversation, names)
    return rows


def _write_shard(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with pictures inside as one file of a data set."""
    from datasets import Dataset, Features, Image, Value

    text = Value("string")
    features = Features(
        {
            **dict.fromkeys(("id", "image_id", "dataset", "subject", "type"), text),
            "messages": [{"role": text, "content": [{"type": text, "text": text}]}],
            "images": [Image()],
        }
    )
    path.parent.mkdir(exist_ok=True)
    with without_bars():
        Dataset.from_list(rows, features=features).to_parquet(str(path))


def _write_splits(
    folder: Path,
    divisions: Sequence[Division],
    exported: Mapping[str, Sequence[AskedQuestion]],
    form: ConversationFormat,
    written: _Written,
) -> dict[str, dict[str, list[str]]]:
    """Write the file of each split, and return the files of each, by fold."""
    files: dict[str, dict[str, list[str]]] = {}
    entries = {}
    for division in divisions:
        fold_files = files.setdefault(division.name, {})
        for split, clips in division.splits.items():
            if form == "hf":
                fold_files[split] = sorted({written.shards[clip] for clip in clips if exported[clip]})
                continue
            rows = [written.records[clip][asked.id] for clip in clips for asked in exported[clip]]
            name = f"{split}.{'jsonl' if form == 'messages' else 'json'}"
            name = name if division.name == WHOLE else f"{division.name}/{name}"
            (folder / name).parent.mkdir(exist_ok=True)
            write_whole(folder / name, _text(rows, form))
            fold_files[split] = [name]
            entries[split if division.name == WHOLE else f"{division.name}_{split}"] = name
    if form in ("sharegpt", "messages"):
        listed = {entry: dataset_entry(form, name) for entry, name in entries.items()}
        write_whole(folder / "dataset_info.json", json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
    return files


def _text(rows: Sequence[Mapping[str, Any]], form: ConversationFormat) -> str:
    if form == "messages":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _write_record(
    folder: Path,
    work: Plan,
    form: ConversationFormat,
    decides: Mapping[str, Any],
    preferences: Preferences,
    splits: dict[str, dict[str, list[str]]],
    written: _Written,
) -> None:
    """Write what decided the export, its index, and the question files."""
    copy_questions(work, decides, folder / QUESTIONS)
    record = ExportRecord(
        format=FORMAT,
        written_as=form,
        decides=dict(decides),
        preferences=preferences,
        files=[file.path.name for file in work.files],
        clips={clip.id: ExportedClip(dataset=clip.dataset, subject=clip.subject) for clip in work.clips.values()},
        splits=splits,
    )
    content = json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_whole(folder / RECORD, content + "\n")
    rows = (json.dumps(row.model_dump(mode="json"), ensure_ascii=False) for row in written.index)
    write_whole(folder / INDEX, "".join(row + "\n" for row in rows))
