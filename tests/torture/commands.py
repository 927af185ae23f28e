"""Every command of the toolkit on a few tiny clips, with all that it can write."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from mevqa.inference.runs import open_run
from tests.torture.attempts import Attempt
from tests.torture.running import inside

#: A training of two steps.
_TRAINING: dict[str, Any] = {
    "model": "nano",
    "lora": {"rank": 2, "alpha": 4, "targets": ["language"]},
    "rates": {"adapter": 1e-3},
    "steps": 2,
    "clips": 2,
    "save_every": 1,
    "probe": False,
}
#: Prime to the number of pairs of a command and a case in any campaign.
_STRIDE = 37
_QUESTIONS = "me_vqa_synthetic_test_to_answer.jsonl"
Words = Sequence[str | Path]


def prepare(shared: Path) -> None:
    """Let a folder lead to clips, a run, an adapter, a submission and a recipe, which are made once for all campaigns.

    Raises:
        RuntimeError: A command failed.
    """
    made = shared.parents[1] / "commands"
    if not made.exists():
        made.mkdir()
        _make(made)
    shared.rmdir()
    shared.symlink_to(made)


def _make(shared: Path) -> None:
    size = ("--size", "128x128", "--seed", "3")
    _do("synth", shared / "data", "--clips", "2", "--subjects", "2", "--fps", "60", *size)
    _do("synth", shared / "long", "--clips", "2", "--subjects", "2", "--long", "--seconds", "4", *size)
    recipe = _TRAINING | {
        "questions": [str(shared / "data/me_vqa_synthetic_train.jsonl")],
        "media": str(shared / "data/clips"),
        "annotations": str(shared / "data/annotations.csv"),
    }
    (shared / "recipe.yaml").write_text(json.dumps(recipe | {"output": str(shared / "unused")}), encoding="utf-8")
    _do("eval", shared / "data" / _QUESTIONS, "--media", shared / "data/clips", "--out", shared / "run")
    _do("submit", shared / "run", "--questions", shared / "data" / _QUESTIONS, "--fill", "--out", shared / "submission")
    _do("finetune", shared / "recipe.yaml", f"output={shared / 'adapter'}")
    _do(
        "eval",
        shared / "data" / _QUESTIONS,
        "--model",
        "mock",
        "--media",
        shared / "data/clips",
        "--out",
        shared / "mock",
    )
    _predict(shared)
    _score_frames(shared)
    _do("physiology", "synth", shared / "physio", "--subjects", "1", "--events-each", "1")
    measured = ("--events", shared / "physio/events.csv", "--out", shared / "physio/features.csv")
    _do("physiology", "features", shared / "physio/signals", *measured)


def _predict(shared: Path) -> None:
    """Write the answers of the run as another toolkit writes its predictions."""
    run = open_run(shared / "run").answers
    rows = [{"id": name, "prediction": answer.text} for name, answer in run.items()]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (shared / "predictions.jsonl").write_text(text, encoding="utf-8")


def _score_frames(shared: Path) -> None:
    """Write scores of frames as a trained network of somebody else gives them: one expression in each long video."""
    videos = sorted((shared / "long/clips").glob("*.mp4"))
    rows = [f"{video.stem},{at},{max(0, 20 - abs(at - 60)) / 20:.2f}" for video in videos for at in range(120)]
    (shared / "curves.csv").write_text("\n".join(["video,frame,score", *rows]) + "\n", encoding="utf-8")


def _do(*words: str | Path) -> None:
    outcome = inside(words, seconds=120.0)
    if outcome.code:
        raise RuntimeError(f"{' '.join(outcome.command)}: {outcome.err}")


def _clip(data: Path) -> Path:
    return min((data / "data/clips").glob("*.mp4"))


def _asking(data: Path) -> Words:
    return (data / "data" / _QUESTIONS, "--media", data / "data/clips")


#: Words of each command, from a folder as ``prepare`` makes it and a folder to write to.
COMMANDS: dict[str, Callable[[Path, Path], Words]] = {
    "demo": lambda data, out: ("demo", "--clips", "1", "--out", out / "demo"),
    "ask": lambda data, out: ("ask", _clip(data), "What is the coarse expression class?"),
    "ask --json": lambda data, out: ("ask", _clip(data), "What are the action units?", "--json", "-"),
    "spot": lambda data, out: (
        ("spot", data / "long/clips", "--out", out / "e.csv", "--json", out / "e.json") + ("--plot", out / "plots")
    ),
    "spot --fit": lambda data, out: (
        ("spot", "--fit", data / "long/annotations.csv", "--media", data / "long/clips")
        + ("--out", out / "calibrator.json")
    ),
    "spot --curves": lambda data, out: (
        ("spot", "--curves", data / "curves.csv", "--annotations", data / "long/annotations.csv")
        + ("--threshold", ".5", "--out", out / "found.csv")
    ),
    "features": lambda data, out: (
        "features",
        min((data / "long/clips").glob("*.mp4")),
        "--features",
        out / "features",
    ),
    "str": lambda data, out: ("str", data / "long/clips", "--out", out / "str.csv"),
    "check": lambda data, out: ("check", *_asking(data)),
    "check --json": lambda data, out: ("check", *_asking(data), "--json", "-"),
    "prepare": lambda data, out: ("prepare", *_asking(data), "--out", out / "prepared"),
    "eval": lambda data, out: ("eval", *_asking(data), "--out", out / "run"),
    "eval long": lambda data, out: (
        ("eval", data / "long/me_lvqa_synthetic_test_to_answer.jsonl")
        + ("--media", data / "long/clips", "--out", out / "long")
    ),
    "ensemble": lambda data, out: ("ensemble", data / "run", data / "mock", "--out", out / "both"),
    "score --paired": lambda data, out: (
        ("score", "--paired", data / "run", data / "mock", data / "data/me_vqa_synthetic_test_reference.jsonl")
        + ("--draws", "10", "--json", out / "paired.json")
    ),
    "score": lambda data, out: (
        ("score", data / "run", data / "data/me_vqa_synthetic_test_reference.jsonl")
        + ("--draws", "10", "--json", out / "scores.json")
    ),
    "report": lambda data, out: ("report", data / "run", "--out", out / "report"),
    "submit": lambda data, out: (
        ("submit", data / "run", "--questions", data / "data" / _QUESTIONS, "--fill") + ("--out", out / "submission")
    ),
    "submit --fix": lambda data, out: (
        ("submit", "--validate", data / "submission/submission.zip", "--questions")
        + (data / "data" / _QUESTIONS, "--fix", out / "fixed.zip")
    ),
    "convert": lambda data, out: (
        ("convert", data / "data/me_vqa_synthetic_train.jsonl", out / "rows.json") + ("--to", "llava")
    ),
    "export": lambda data, out: (
        ("export", data / "data/me_vqa_synthetic_train.jsonl", "--media", data / "data/clips")
        + ("--annotations", data / "data/annotations.csv", "--format", "messages", "--out", out / "export")
    ),
    "import": lambda data, out: (
        ("import", data / "predictions.jsonl", "--questions", data / "data" / _QUESTIONS, "--out", out / "theirs")
    ),
    "import adapter": lambda data, out: ("import", data / "adapter", "--model", "nano", "--out", out / "taken"),
    "describe": lambda data, out: (
        ("describe", data / "data/me_vqa_synthetic_train.jsonl", "--media", data / "data/clips")
        + ("--annotations", data / "data/annotations.csv", "--out", out / "told.jsonl")
    ),
    "finetune": lambda data, out: ("finetune", data / "recipe.yaml", f"output={out / 'adapter'}"),
    "loso": lambda data, out: ("loso", data / "recipe.yaml", f"output={out / 'loso'}"),
    "merge": lambda data, out: ("merge", data / "adapter", "--out", out / "merged"),
    "sample": lambda data, out: ("sample", _clip(data), "--out", out / "views"),
    "synth": lambda data, out: ("synth", out / "synth", "--clips", "1", "--size", "128x128", "--fps", "40"),
    "physiology synth": lambda data, out: (
        ("physiology", "synth", out / "physio", "--subjects", "1", "--events-each", "1")
    ),
    "physiology features": lambda data, out: (
        ("physiology", "features", data / "physio/signals", "--events", data / "physio/events.csv")
        + ("--out", out / "measured.csv")
    ),
    "physiology describe": lambda data, out: (
        ("physiology", "describe", data / "physio/features.csv", "--out", out / "notes.csv")
    ),
    "list": lambda data, out: ("list", "views", "--json", out / "views.json"),
    "completion": lambda data, out: ("completion", "bash", "--out", out / "mevqa.bash"),
    "env": lambda data, out: ("env", "--json", "-"),
}


def pairs(cases: Collection[str]) -> int:
    """Return how many pairs of a command and a case there are."""
    return len(cases) * len(COMMANDS)


def each(make: Callable[[str, str, Attempt], list[str]], cases: Iterable[str]) -> Callable[[Attempt], list[str]]:
    """Return a campaign's function that takes the pairs of a command and a case, few of them evenly spread."""
    pairs = [(name, case) for case in cases for name in COMMANDS]
    return lambda attempt: make(*pairs[attempt.number * _STRIDE % len(pairs)], attempt)
