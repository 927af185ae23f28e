"""Damaged and hostile question files, tables, YAML, runs, submissions and configurations."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.torture.attempts import Attempt, Campaign
from tests.torture.commands import prepare
from tests.torture.judge import faults
from tests.torture.mutations import changed, damaged, damaged_cells, damaged_json, damaged_rows
from tests.torture.running import ROOT, inside

_TRAIN, _TEST, _REFERENCE = (f"me_vqa_synthetic_{name}.jsonl" for name in ("train", "test_to_answer", "test_reference"))
_PREDICTIONS = "me_vqa_synthetic_test_pred.jsonl"
_SETTINGS = (
    *("2026-99-99", "9" * 5000, '!!int ""', "!!bool x", ".nan", ".inf", "[[[[]]]]", "{a: {b: c}}", "*a", "&a [*a]"),
    *("!!python/object:os.system x", "!!binary aGk=", "null", '""', "0x" + "f" * 20_000, "1:60:60", '"\\ud800"', "<<"),
    *("[" * 70 + "]" * 70, "!!timestamp x", "../../x", "\tx", "? {a: b}", "-1", "1e400", "[1, 2, 3]", "true"),
)


def _refused_or_done(attempt: Attempt, *words: str | Path) -> list[str]:
    """Run a command on what was damaged; it must refuse it in one line, or do its work."""
    attempt.notes.append(" ".join(map(str, words)))
    return faults(inside(words, folder=attempt.folder))


def _draw(attempt: Attempt, *commands: tuple[str | Path, ...]) -> list[str]:
    return _refused_or_done(attempt, *attempt.random.choice(commands))


def _questions(attempt: Attempt) -> list[str]:
    data, out = attempt.shared / "data", attempt.folder / "out"
    name = attempt.random.choice((_TRAIN, _TEST, _REFERENCE))
    file = attempt.folder / name
    file.write_bytes(damaged_rows(attempt.random, (data / name).read_bytes()))
    to = attempt.random.choice(("array", "llava", "openai", "csv", "swift", "sharegpt"))
    return _draw(
        attempt,
        ("check", file, "--media", data / "clips", "--annotations", data / "annotations.csv"),
        ("check", file),
        ("convert", file, out, "--to", to),
        ("score", file, data / _REFERENCE, "--draws", "0"),
        ("score", data / _REFERENCE, file, "--draws", "0"),
        ("submit", "--validate", file, "--questions", data / _TEST, "--fix", out / "fixed.jsonl"),
    )


def _workbook(random: Random, rows: list[list[str]]) -> bytes:
    """Return an xlsx file, damaged as a whole or in one of its parts."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell[:30_000].replace("\r", "") for cell in row])
    stream = io.BytesIO()
    book.save(stream)
    if random.random() < 0.4:
        return damaged(random, stream.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        spoilt = random.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, damaged(random, old.read(name)) if name == spoilt else old.read(name))
    return packed.getvalue()


def _tables(attempt: Attempt) -> list[str]:
    random, short, long = attempt.random, attempt.shared / "data", attempt.shared / "long"
    source = random.choice((short, long)) / "annotations.csv"
    rows = damaged_cells(random, list(csv.reader(io.StringIO(source.read_text(encoding="utf-8")))))
    kind = random.choice(("bytes", "cells", "xlsx", "html"))
    file = attempt.folder / f"table.{kind if kind in ('xlsx', 'html') else 'csv'}"
    if kind == "bytes":
        content = damaged(random, source.read_bytes())
    elif kind == "xlsx":
        content = _workbook(random, rows)
    elif kind == "html":
        wide = random.choice(("1", "2", "99999", "-1", "x"))
        made = "".join("<tr>" + "".join(f'<td colspan="{wide}">{cell}' for cell in row) for row in rows)
        content = damaged(random, f"<table>{made}</table>".encode())
    else:
        text = io.StringIO()
        csv.writer(text, delimiter=random.choice(",;\t|")).writerows(rows)
        content = text.getvalue().encode()
    file.write_bytes(content)
    truth = long / "annotations.csv"
    return _draw(
        attempt,
        ("check", short / _TRAIN, "--annotations", file),
        ("check", long / "me_lvqa_synthetic_train.jsonl", "--annotations", file),
        ("score", file, truth, "--fps", "30"),
        ("score", truth, file, "--fps", "30"),
        ("spot", "--fit", file, "--media", attempt.folder, "--out", attempt.folder / "calibrator.json"),
        ("convert", file, attempt.folder / "out.jsonl"),
    )


def _damaged_yaml(random: Random, content: bytes) -> bytes:
    if random.random() < 0.5:
        return damaged(random, content)
    lines = content.decode().split("\n")
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(len(lines))
        key, colon, _ = lines[at].partition(": ")
        if colon:
            lines[at] = f"{key}: {random.choice(_SETTINGS)}"
        else:
            lines.insert(at, random.choice(("<<: *a", "<<: 3", "1: 2", "~: 3", "- x", "---", "\t- a", ".nan: 3")))
    return "\n".join(lines).encode()


def _yaml(attempt: Attempt) -> list[str]:
    random, data = attempt.random, attempt.shared / "data"
    asking = ("eval", data / _TRAIN, "--media", data / "clips", "--limit", "1", "--out", attempt.folder / "run")
    kind = random.choice(("finetune", "eval", "prompts"))
    source = random.choice(sorted((ROOT / kind).glob("*.yaml")))
    folder = attempt.folder / kind
    shutil.copytree(ROOT / kind, folder)
    file = folder / source.name
    file.write_bytes(_damaged_yaml(random, source.read_bytes()))
    if kind == "finetune":
        return _draw(
            attempt,
            ("loso", file, f"questions={data / _TRAIN}", f"media={data / 'clips'}", "output=out", "--list"),
            ("finetune", file, "--show", "output=out"),
        )
    if kind == "eval":
        return _refused_or_done(attempt, "eval", "--suite", file, "--data-root", attempt.folder)
    return _refused_or_done(attempt, *asking, "--model", "mock", "--prompts", folder)


def _runs(attempt: Attempt) -> list[str]:
    random, data = attempt.random, attempt.shared / "data"
    run = attempt.folder / "run"
    shutil.copytree(attempt.shared / "run", run)
    for name in random.choice((("manifest.json",), ("answers.jsonl",), ("manifest.json", "answers.jsonl"))):
        file, kind = run / name, random.random()
        content = file.read_bytes()
        if kind < 0.1:
            file.unlink()
        if 0.05 < kind < 0.1:
            file.mkdir()
        if kind >= 0.1:
            file.write_bytes((damaged_json if name.endswith(".json") else damaged_rows)(random, content))
    out = attempt.folder / "out"
    return _draw(
        attempt,
        ("score", run, "--draws", "0"),
        ("score", run, data / _REFERENCE, "--draws", "5"),
        ("report", run, "--out", out, "--no-pictures", "--draws", "0"),
        ("submit", run, "--questions", data / _TEST, "--out", out, "--fill"),
        ("eval", data / _TEST, "--media", data / "clips", "--model", "mock", "--out", run),
    )


def _packed(random: Random, content: bytes) -> bytes:
    """Return a zip with entries that none should have."""
    names = (_PREDICTIONS, _PREDICTIONS, "../x", "/abs", f"a/{_PREDICTIONS}", "é.txt", "__MACOSX/._a", "C:\\a", "a\nb")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in dict.fromkeys(random.choices(names, k=random.choice((1, 2, 5)))):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = random.choice((0, 8, 8, 12, 14))
            entry.external_attr = random.choice((0, 0o120777, 0o100755, 0o040755)) << 16
            package.writestr(entry, damaged_rows(random, content))
    return stream.getvalue()


def _submissions(attempt: Attempt) -> list[str]:
    random, data = attempt.random, attempt.shared / "data"
    source = attempt.shared / "submission"
    file = attempt.folder / "handed.zip"
    kind = random.randrange(3)
    if kind == 0:
        file = attempt.folder / _PREDICTIONS
        file.write_bytes(damaged_rows(random, (source / _PREDICTIONS).read_bytes()))
    elif kind == 1:
        file.write_bytes(damaged(random, (source / "submission.zip").read_bytes()))
    else:
        file.write_bytes(_packed(random, (source / _PREDICTIONS).read_bytes()))
    fixed = attempt.folder / f"fixed{file.suffix}"
    return _draw(
        attempt,
        ("submit", "--validate", file, "--questions", data / _TEST),
        ("submit", "--validate", file, "--questions", data / _TEST, "--fix", fixed),
        ("score", file, data / _REFERENCE, "--draws", "0"),
    )


def _configs(attempt: Attempt) -> list[str]:
    random, data = attempt.random, attempt.shared / "data"
    kind = random.choice(("adapter", "calibrator", "events"))
    if kind == "adapter":
        folder = attempt.folder / "adapter"
        shutil.copytree(attempt.shared / "adapter", folder)
        file = folder / random.choice(("adapter_config.json", "mevqa.json", "training.json"))
        file.write_bytes(damaged_json(random, file.read_bytes()))
        return _refused_or_done(attempt, "merge", folder, "--out", attempt.folder / "out", "--questions", "none.jsonl")
    if kind == "calibrator":
        file = attempt.folder / "calibrator.json"
        file.write_bytes(damaged_json(random, (ROOT / "mevqa/tables/spot_calibration.json").read_bytes()))
        return _refused_or_done(attempt, "spot", attempt.folder / "none.mp4", "--calibrator", file)
    file = attempt.folder / random.choice(("events.json", "events.jsonl"))
    row = {"video": "a", "onset": 1, "apex": 3, "offset": 9, "kind": "micro", "emotion": "happy", "score": 0.5}
    value = changed(random, [row, {"video": "b", "onset": 4, "offset": 90}])
    rows = value if isinstance(value, list) and file.suffix == ".jsonl" else [value]
    text = "\n".join(map(json.dumps, rows)).encode()
    file.write_bytes(damaged(random, text) if random.random() < 0.4 else text)
    truth = data.parent / "long/annotations.csv"
    return _draw(attempt, ("score", file, truth, "--fps", "30"), ("score", truth, file, "--fps", "30"))


def _campaign(name: str, tried: str, run: Callable[[Attempt], list[str]]) -> Campaign:
    return Campaign(f"damaged-texts/{name}", f"damaged {tried}", run, 2000, 60, prepare)


CAMPAIGNS = (
    _campaign("questions", "question files and answers in JSON", _questions),
    _campaign("tables", "CSV, xlsx and HTML tables", _tables),
    _campaign("yaml", "recipes, suites and prompts", _yaml),
    _campaign("runs", "run folders and logs", _runs),
    _campaign("submissions", "submissions and zips", _submissions),
    _campaign("configs", "adapters' configs, calibrators, events in JSON", _configs),
)
