"""Candidates of annotated videos, spotted one video after the other and kept in a folder for a next start."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from mevqa import __version__
from mevqa.errors import InputError, MediaError
from mevqa.events import Kind
from mevqa.files.inputs import read_file
from mevqa.files.strict_yaml import StrictModel
from mevqa.files.system_errors import media_problem
from mevqa.files.whole import make_folder, write_whole
from mevqa.spotting.annotated import LongVideo
from mevqa.spotting.base import ShowFrames, SpotOptions, Spotting
from mevqa.spotting.events import SpottedEvent
from mevqa.spotting.features.cache import record_key
from mevqa.spotting.motion.features import FEATURES
from mevqa.spotting.motion.fitting import Example, faint_options
from mevqa.spotting.motion.stream import limits


class _Candidate(StrictModel):
    """Times, kind and features of one candidate, as they are stored."""

    onset: int
    apex: int
    offset: int
    onset_ms: float
    apex_ms: float
    offset_ms: float
    kind: Kind
    score: float
    clear: bool
    features: dict[str, float]


class _Part(StrictModel):
    """The candidates of one video, and the hash of everything that they depend on."""

    key: str
    candidates: tuple[_Candidate, ...]


def spot_annotated(
    videos: Sequence[LongVideo],
    parts: Path,
    options: SpotOptions,
    progress: ShowFrames,
    spot: Callable[..., Spotting],
) -> list[Example]:
    """Return the spotter's candidates in every video; those of an earlier start are read from their folder.

    Args:
        videos: The videos.
        parts: Folder for the candidates of each, made when it is missing.
        options: The rule that tells micro- and macro-expressions apart.
        progress: Given the name of a video, shows how far it is read.
        spot: Given a path, and by name ``fps``, ``options`` and ``progress``, returns what is found.

    Raises:
        InputError: Videos that cannot be read, all of them together, or a folder that cannot be written to.
    """
    make_folder(parts)
    wanted = faint_options(options)
    examples = []
    problems = []
    for number, video in enumerate(videos, start=1):
        file = parts / _file_name(video.id)
        try:
            key = _key(video, wanted)
            events = _read_candidates(file, key)
            if events is None:
                with progress(f"{number}/{len(videos)} {video.id}") as report:
                    events = spot(video.path, fps=video.fps, options=wanted, progress=report).events
                _write_candidates(file, key, events)
        except (MediaError, OSError) as error:
            problems.append(media_problem(error, video.path))
            continue
        judged = tuple(
            event for event in events if not any(event.onset <= frame <= event.offset for frame in video.half_coded)
        )
        examples.append(Example(video.id, video.subject, video.coded, judged))
    if problems:
        raise InputError(problems)
    return examples


def _file_name(video: str) -> str:
    """Return a file name that no other video has, also where names differ in case only."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', video)[:80]}.{hashlib.sha256(os.fsencode(video)).hexdigest()[:8]}.json"


def _key(video: LongVideo, options: SpotOptions) -> str:
    """Return the hash of what decides the candidates of a video.

    Raises:
        MediaError: The media cannot be read.
    """
    measured = record_key(video.path, video.fps)
    fingerprint = [__version__, list(FEATURES), options.rule, limits(options), measured]
    return hashlib.sha256(json.dumps(fingerprint).encode()).hexdigest()


def _read_candidates(file: Path, key: str) -> tuple[SpottedEvent, ...] | None:
    """Return the candidates of an earlier start, None where they are missing, damaged or of something else."""
    try:
        part = _Part.model_validate_json(read_file(file))
    except (OSError, ValidationError):
        return None
    return tuple(SpottedEvent(**dict(candidate)) for candidate in part.candidates) if part.key == key else None


def _write_candidates(file: Path, key: str, events: Sequence[SpottedEvent]) -> None:
    """Write the candidates of one video, complete or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    rows: list[Mapping[str, object]] = [
        {name: getattr(event, name) for name in _Candidate.model_fields} for event in events
    ]
    part = _Part(key=key, candidates=tuple(_Candidate.model_validate(row) for row in rows))
    write_whole(file, part.model_dump_json())
