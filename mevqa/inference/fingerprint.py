"""What decides the answers of a run: everything that its manifest must hold, so that a changed run is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mevqa.inference.drawing.versions import installed_versions
from mevqa.inference.runs import file_digest
from mevqa.spotting.base import DEFAULT_SPOTTER, SpotOptions
from mevqa.video.reading.key_frames import KEY_FRAME_RULES
from mevqa.video.views.evidence import WORDING_TABLE

if TYPE_CHECKING:
    from mevqa.inference.evaluation import Plan
    from mevqa.inference.view_config import ViewConfig
    from mevqa.models.base import Model
    from mevqa.questions.prompts import PromptLibrary

#: Packages whose release can change an answer.
_FINGERPRINT_PACKAGES = ("mevqa", "torch", "transformers", "numpy", "opencv-python-headless", "av", "decord", "pillow")


def run_fingerprint(
    work: Plan,
    model: Model,
    prompts: PromptLibrary,
    view_config: ViewConfig,
    *,
    consistency: bool,
    settings: Mapping[str, Any],
    on_clip: Callable[[str], None] = lambda clip_id: None,
    part: Plan | None = None,
    shots: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything that decides an answer, for the manifest.

    Args:
        work: The plan.
        model: Who is asked.
        prompts: The prompt library.
        view_config: Which views are made and how.
        consistency: Whether answers are decided together.
        settings: What else the user chose (seed, dtype, quantisation, adapter).
        on_clip: Called after each clip's media was hashed.
        part: The part of the plan whose media are hashed; None: all.
        shots: What decides which answered clips are shown before; None: none are.
    """
    return {
        **input_digests(part or work, on_clip),
        **_notes_record(work),
        "model": {"name": model.name, "revision": model.revision},
        "prompts": prompts.digest,
        "looking": view_config_record(view_config),
        **_words_record(work, view_config),
        "key_frames": KEY_FRAME_RULES,
        "consistency": consistency,
        "settings": dict(settings),
        **({} if shots is None else {"shots": dict(shots)}),
        # Of the packages that drew pictures, those that did count.
        "packages": package_versions() | (work.prepared.record.decides["packages"] if work.prepared else {}),
    }


def _notes_record(work: Plan) -> dict[str, Any]:
    """Return a hash of the notes on clips; nothing where no clip has notes."""
    notes = {name: clip.notes for name, clip in work.clips.items() if clip.notes}
    text = json.dumps(notes, sort_keys=True, ensure_ascii=False)
    return {"notes": hashlib.blake2b(text.encode(), digest_size=16).hexdigest()} if notes else {}


def _words_record(work: Plan, view_config: ViewConfig) -> dict[str, Any]:
    """Return ``words_record``; of a prepared benchmark as it was when its pictures were drawn."""
    if work.prepared is None:
        return words_record(view_config)
    decides = work.prepared.record.decides
    return {"words": decides["words"]} if "words" in decides else {}


def words_record(view_config: ViewConfig) -> dict[str, Any]:
    """Return hashes of the wordings that views of words use; nothing where there is no such view."""
    view_names = {*view_config.views, *view_config.long_views}
    return {"words": {"evidence": file_digest(WORDING_TABLE)}} if "evidence" in view_names else {}


def input_digests(work: Plan, on_clip: Callable[[str], None] = lambda clip_id: None) -> dict[str, Any]:
    """Return hashes of question files, annotations and media.

    Args:
        work: The plan; a prepared benchmark knows what it was made from.
        on_clip: Called after each clip's media was hashed.
    """
    questions = {file.path.name: file_digest(file.path) for file in work.files}
    if work.prepared is not None:
        decides = work.prepared.record.decides
        media = {clip_id: decides["media"][clip_id] for clip_id in work.clips}
        return {"questions": questions, "annotations": decides["annotations"], "media": media}
    return {"questions": questions, "annotations": annotations_digest(work), "media": media_digests(work, on_clip)}


def view_config_record(view_config: ViewConfig) -> dict[str, Any]:
    """Return how clips are looked at as plain values."""
    record: dict[str, Any] = {}
    for field in fields(view_config):
        value = getattr(view_config, field.name)
        if isinstance(value, SpotOptions):
            value = _spotter_record(value)
        record[field.name] = list(value) if isinstance(value, tuple) else value
    return record


def _spotter_record(options: SpotOptions) -> dict[str, Any]:
    """Return options of the spotter as plain values; what it learned as a hash of what is in it.

    Where measurements are looked up is left out: events are the same wherever they come from.
    """
    record = {field.name: getattr(options, field.name) for field in fields(options) if field.name != "features"}
    if options.calibrator is not None:
        record["calibrator"] = options.calibrator.digest()
    if options.spotter == DEFAULT_SPOTTER:
        del record["spotter"]
    return record | {"kinds": list(options.kinds)}


def annotations_digest(work: Plan) -> str | None:
    """Return a hash of the plan's label files and how folders are numbered beside them, None without any."""
    digests = [
        file_digest(source.annotations) + ("" if source.numbers == "names" else f":{source.numbers}")
        for source in work.sources
        if source.annotations is not None
    ]
    return "+".join(digests) or None


def media_digests(work: Plan, on_clip: Callable[[str], None] = lambda clip_id: None) -> dict[str, str]:
    """Return a hash of the media and ready-made pictures of each clip.

    Args:
        work: The plan.
        on_clip: Called after each clip's media was hashed.
    """
    media = {}
    for clip in work.clips.values():
        sources = [path for path in (clip.media, *clip.pictures.values()) if path is not None]
        media[clip.id] = "+".join(file_digest(path) for path in sources)
        on_clip(clip.id)
    return media


def package_versions(names: Sequence[str] = _FINGERPRINT_PACKAGES) -> dict[str, str]:
    """Return the installed release of each package, leaving out those that are absent."""
    return installed_versions(names)
