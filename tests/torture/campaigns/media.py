"""Damaged videos, pictures and weights: bytes, sizes and fields of small whole files are changed at random."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

from tests.torture.attempts import Attempt, Campaign
from tests.torture.judge import faults
from tests.torture.running import inside

_QUESTION = "What is the coarse expression class?"
#: Containers and codecs of the seeds: name and options of PyAV.
_VIDEOS = {
    "a.mp4": "libx264",
    "a.mkv": "ffv1",
    "a.avi": "mjpeg",
    "b.avi": "mpeg4",
    "a.ts": "mpeg2video",
    "a.mov": "qtrle",
}
_PICTURES = {"a.png": {}, "a.jpg": {}, "a.bmp": {}, "a.tif": {"compression": "tiff_lzw"}, "b.png": {"optimize": True}}
#: Numbers that break what counts with them.
_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
#: Names of fields in the headers of containers; what stands behind them is changed.
_FIELDS = (
    b"ftyp moov mvhd tkhd mdhd stts stsz stsc stco ctts elst avc1 avcC mdat trun avih strh strf idx1 movi IHDR PLTE"
).split()
#: Codes of answers that a clip may have: an error of the clip is 1.
_CODES = (0, 1, 2)


def _prepare(folder: Path) -> None:
    """Write a small whole file of every kind."""
    import av
    import numpy as np
    from PIL import Image

    from mevqa.models.nano import WEIGHTS

    rng = np.random.default_rng(0)
    frames = [np.repeat(rng.integers(0, 255, (12, 16, 3), np.uint8), 4, axis=0).repeat(4, axis=1) for _ in range(6)]
    for name, codec in _VIDEOS.items():
        with av.open(str(folder / name), "w") as out:
            stream = out.add_stream(codec, rate=25)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = {"mjpeg": "yuvj420p", "qtrle": "rgb24"}.get(codec, "yuv420p")
            for picture in frames:
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode())
    for name, options in _PICTURES.items():
        Image.fromarray(frames[0]).save(folder / name, **options)
    shutil.copytree(WEIGHTS, folder / "nano")


def damaged(content: bytes, random: Random, notes: list[str]) -> bytes:
    """Return a file with one to three changes: bytes, sizes, fields, a cut, a piece that is moved or twice there."""
    data = bytearray(content)
    for _ in range(random.randint(1, 3)):
        kind = random.choice(("bytes", "number", "field", "field", "cut", "move", "zeros"))
        at = random.randrange(max(1, len(data)))
        if kind == "field" and (places := [data.find(name) for name in _FIELDS if name in data]):
            at = max(0, random.choice(places) + random.randrange(-4, 40))
        notes.append(f"{kind} at {at} of {len(data)}")
        if kind == "bytes":
            for place in range(at, min(at + random.randint(1, 8), len(data))):
                data[place] = random.randrange(256)
        elif kind in ("number", "field"):
            data[at : at + 4] = struct.pack(random.choice("<>") + "I", random.choice(_NUMBERS))
        elif kind == "cut":
            del data[at:]
        elif kind == "zeros":
            data[at : at + 64] = bytes(len(data[at : at + 64]))
        else:
            piece = data[at : at + random.randint(1, 400)]
            place = random.randrange(len(data) + 1)
            data[place:place] = piece
    return bytes(data)


def _look(attempt: Attempt, path: Path) -> list[str]:
    """Let a random command read media."""
    words: list[str | Path] = attempt.random.choice(
        (
            ["ask", path, _QUESTION, "--model", "mock", "--views", "motion"],
            ["ask", path, _QUESTION, "--model", "mock", "--views", "frames", "--sampler", "uniform"],
            ["spot", path, "--json", attempt.folder / "out.json", "--plot", attempt.folder / "out.png"],
            ["sample", path, "--out", attempt.folder / "look"],
        )
    )
    return faults(inside(words), codes=_CODES)


def _video(attempt: Attempt) -> list[str]:
    name = attempt.random.choice(sorted(_VIDEOS))
    path = attempt.folder / name
    attempt.notes.append(name)
    path.write_bytes(damaged((attempt.shared / name).read_bytes(), attempt.random, attempt.notes))
    return _look(attempt, path)


def _picture(attempt: Attempt) -> list[str]:
    """Damage a picture, which is a frame of a clip or its ready-made motion map."""
    name = attempt.random.choice(sorted(_PICTURES))
    content = damaged((attempt.shared / name).read_bytes(), attempt.random, attempt.notes)
    attempt.notes.append(name)
    if attempt.random.random() < 0.5:
        path = attempt.folder / name
        path.write_bytes(content)
        return _look(attempt, path)
    maps = attempt.folder / "maps"
    maps.mkdir()
    (maps / f"c{Path(name).suffix}").write_bytes(content)
    row = {"video": "c", "question_id": "1", "question": _QUESTION, "answer": ""}
    questions = attempt.folder / "questions.jsonl"
    questions.write_text(json.dumps(row) + "\n", encoding="utf-8")
    words = [questions, "--precomputed", f"flow={maps}"]
    problems = faults(inside(["check", *words]), codes=_CODES)
    return problems + faults(inside(["eval", *words, "--model", "mock", "--out", attempt.folder / "run"]), codes=_CODES)


def _weights(attempt: Attempt) -> list[str]:
    """Damage one file of a model's folder."""
    folder = attempt.folder / "model"
    shutil.copytree(attempt.shared / "nano", folder)
    random = attempt.random
    path = random.choice(
        sorted(file for file in folder.iterdir() if file.suffix in (".json", ".safetensors", ".jinja"))
    )
    attempt.notes.append(path.name)
    if path.suffix == ".safetensors":
        _damage_weights(path, random, attempt.notes)
    elif path.suffix == ".json" and random.random() < 0.6:
        _damage_fields(path, random, attempt.notes)
    else:
        path.write_bytes(damaged(path.read_bytes(), random, attempt.notes))
    picture = attempt.shared / "a.png"
    return faults(inside(["ask", picture, _QUESTION, "--model", folder, "--views", "frames"]), codes=_CODES)


def _damage_weights(path: Path, random: Random, notes: list[str]) -> None:
    """Change the header of a safetensors file, or the numbers behind it."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    key = random.choice([name for name in header if name != "__metadata__"])
    changes: tuple[Callable[[], object], ...] = (
        lambda: header.pop(key),
        lambda: header.update(other=header.pop(key)),
        lambda: header[key].update(dtype=random.choice(("F64", "I8", "X9", "BF16"))),
        lambda: header[key].update(shape=[random.choice((-1, 0, 2**40)), 3]),
        lambda: header[key].update(data_offsets=[0, random.choice((1, 2**62))]),
        lambda: header.update(__metadata__=random.choice(({"format": "x"}, 7, {}))),
    )
    chosen = random.randrange(len(changes) + 2)
    notes.append(f"change {chosen} of {key}")
    if chosen < len(changes):
        changes[chosen]()
    text = json.dumps(header).encode()
    claimed = random.choice((2**33, 2**64 - 1, 0, 7)) if chosen == len(changes) else len(text)
    if chosen > len(changes):
        data = random.choice((b"\xff" * len(data), data[: len(data) // 2], bytes(len(data))))
    path.write_bytes(struct.pack("<Q", claimed) + text + data)


def _damage_fields(path: Path, random: Random, notes: list[str]) -> None:
    """Give a field of a JSON file another value, or leave it out."""
    content = json.loads(path.read_text(encoding="utf-8"))
    block = content
    while isinstance(block, dict) and block:
        key = random.choice(sorted(block))
        if not isinstance(block[key], dict) or random.random() < 0.4:
            break
        block = block[key]
    if isinstance(block, dict) and block:
        value = random.choice((None, -1, 0, 1.5, "x", [], {}, True, 2**31, [1, 2]))
        notes.append(f"{key} = {value!r}")
        block[key] = value
    path.write_text(json.dumps(content), encoding="utf-8")


def _bomb(attempt: Attempt) -> list[str]:
    """Claim a size of a picture that no memory holds, in a header of a few bytes."""
    import zlib

    sides = [attempt.random.choice((0, 1, 6000, 13_000, 65_500, 2**24, 2**31 - 1)) for _ in range(2)]
    attempt.notes.append(f"{sides[0]}x{sides[1]}")
    out = BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, 2)
    rows = zlib.compress(bytes(attempt.random.choice((0, 1000, 10**7))))
    for name, data in ((b"IHDR", struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")):
        out.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
    path = attempt.folder / "a.png"
    path.write_bytes(out.getvalue())
    return _look(attempt, path)


CAMPAIGNS = (
    Campaign("media/videos", "damaged videos: bytes, sizes, fields, cuts", _video, 2000, 60, _prepare),
    Campaign("media/pictures", "damaged frames and ready-made pictures", _picture, 2000, 60, _prepare),
    Campaign("media/bombs", "pictures that claim huge sizes", _bomb, 100, 10),
    Campaign("media/weights", "damaged weights and configs of models", _weights, 300, 20, _prepare),
)
