import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
from PIL import Image

import mevqa
from mevqa import cli
from mevqa.training.adapters import merge


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """A random adapter of nano that changes its answers."""
    import torch
    from peft import LoraConfig, get_peft_model

    from mevqa.models.base import ModelOptions
    from mevqa.models.nano import WEIGHTS
    from mevqa.models.registry import load_model

    folder = tmp_path_factory.mktemp("adapter")
    model = load_model("nano", ModelOptions(device="cpu", dtype="float32")).model
    targets = r".*language_model.*\.(q_proj|v_proj|down_proj)"
    config = LoraConfig(r=8, use_dora=True, target_modules=targets, modules_to_save=["multi_modal_projector"])
    wrapped = get_peft_model(model, config)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))
    wrapped.peft_config["default"].base_model_name_or_path = "nano"
    wrapped.save_pretrained(folder, save_embedding_layers=False)
    (folder / "mevqa.json").write_bytes((WEIGHTS / "mevqa.json").read_bytes())
    return folder


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """Official questions about motion maps that are noise."""
    folder = tmp_path_factory.mktemp("questions")
    (folder / "maps").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for clip in range(3):
        noise = rng.integers(0, 255, (28, 28, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "maps" / f"clip{clip}.png")
        for number, text in enumerate(("What is the coarse expression class?", "What are the action units?")):
            rows.append({"video_id": f"q{clip}_{number}", "video": f"clip{clip}", "question": text, "answer": ""})
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def inputs(questions):
    return ["--questions", str(questions / "questions.jsonl"), "--precomputed", f"flow={questions / 'maps'}"]


@pytest.fixture(scope="module")
def merged(adapter, questions, tmp_path_factory):
    """The adapter merged in float32 by the command: the folder, and what the command printed."""
    out = tmp_path_factory.mktemp("merged") / "merged"
    line = ["merge", str(adapter), "--out", str(out), "--dtype", "float32", "--sample", "2", *inputs(questions)]
    with redirect_stdout(io.StringIO()) as printed:
        assert cli.main(line) == 0
    return out, printed.getvalue()


def test_the_built_in_sample_needs_no_data(adapter, tmp_path, capsys):
    out = tmp_path / "merged"
    assert cli.main(["merge", str(adapter), "--out", str(out), "--sample", "2"]) == 0
    printed = capsys.readouterr()
    first, second, third, fourth = printed.out.splitlines()
    assert re.fullmatch(rf"merged {adapter} \(LORA, sha256:[0-9a-f]{{16}}\)", first)
    assert re.fullmatch(r"into   nano \(sha256:[0-9a-f]{16}\)", second)
    assert re.fullmatch(
        r"largest difference 0\.0\d+ nats \(0\.25 allowed\), before rounding to bfloat16 \S+e-0\d; "
        r"\d+ questions about 2 clips",
        third,
    )
    assert re.fullmatch(rf"{out}: 5\.\d MB in bfloat16; ask it with --model {out}", fourth)
    steps = printed.err.splitlines()
    assert steps == [
        "loading nano in float32",
        "asking the adapter clip 1 of 2",
        "merging",
        "asking the merged weights clip 1 of 2",
        "writing bfloat16",
        "asking the written model clip 1 of 2",
    ]
    record = json.loads((out / "merge.json").read_text())
    assert record["base"] == "nano" and record["clips"] == 2 and 0 < record["largest_difference"] < 0.05


def test_the_merged_model_answers_a_question_file_as_the_adapter_does(merged, adapter, questions, tmp_path):
    folder, printed = merged
    assert "nats (0.001 allowed); 4 questions about 2 clips" in printed
    assert json.loads((folder / "merge.json").read_text())["questions"] == 4
    answers = {}
    models = {"merged": [str(folder)], "both": ["nano", "--adapter", str(adapter)], "base": ["nano"]}
    for name, model in models.items():
        out = tmp_path / name / "run"
        line = ["eval", inputs(questions)[1], *inputs(questions)[2:], "--device", "cpu", "--out", str(out), "--model"]
        assert cli.main([*line, *model]) == 0
        answers[name] = [json.loads(row) for row in (out / "answers.jsonl").read_text().splitlines()]
    assert [row["text"] for row in answers["merged"]] == [row["text"] for row in answers["both"]]
    for of_merged, with_adapter in zip(answers["merged"], answers["both"], strict=True):
        assert of_merged["confidence"] == pytest.approx(with_adapter["confidence"], rel=1e-4)
    assert [row["confidence"] for row in answers["base"]] != [row["confidence"] for row in answers["both"]]


def test_the_function_writes_what_the_command_writes(merged, adapter, questions, tmp_path):
    files = {"questions": questions / "questions.jsonl", "precomputed": {"flow": questions / "maps"}}
    result = mevqa.merge(adapter, tmp_path / "own", dtype="float32", sample=2, **files)
    for name in ("merge.json", "model.safetensors", "config.json"):
        assert (tmp_path / "own" / name).read_bytes() == (merged[0] / name).read_bytes()
    assert result.questions == 4 and result.base == "nano"


def test_a_model_that_answers_otherwise_is_refused_in_one_line(adapter, questions, tmp_path, capsys):
    line = ["merge", str(adapter), "--out", str(tmp_path / "merged"), "--dtype", "bfloat16", "--tolerance", "0.0005"]
    line += ["--sample", "1"]
    assert cli.main(line + inputs(questions)) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and list(tmp_path.iterdir()) == []
    last = printed.err.splitlines()[-1]
    assert re.fullmatch(
        r"mevqa merge: written in bfloat16, the model answers otherwise than the adapter: log-probabilities differ by "
        r"up to [\d.]+ nats at the question 'What [^']+\?' about the clip clip\d, 0\.0005 are allowed; nothing was "
        r"written \(--dtype float32 rounds least, --tolerance allows more\)",
        last,
    )


def test_another_base_than_the_adapter_names_is_noted(merged, adapter, questions, tmp_path, capsys):
    base, _ = merged
    line = ["merge", str(adapter), "--model", str(base), "--out", str(tmp_path / "two"), "--sample", "1"]
    assert cli.main(line + inputs(questions)) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == "note: the adapter names the base nano"
    assert f"into   {base} (sha256:" in printed.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing", "--out", "new"], "mevqa merge: no adapter 'missing': neither a folder nor on the hub"),
        (["ADAPTER", "--out", "ADAPTER"], "is the adapter's own folder; name a new one for --out"),
        (["ADAPTER", "--out", "taken"], "mevqa merge: taken: is not empty; name a new folder for --out"),
        (["ADAPTER", "--out", "new", "--media", "."], "go with --questions: name a question file"),
        (["ADAPTER", "--out", "new", "--questions", "none.jsonl"], "none.jsonl: "),
        (["ADAPTER", "--out", "new", "--model", "mock"], "mevqa merge: mock has no weights to merge an adapter into"),
        (["taken", "--out", "new"], "mevqa merge: nothing to merge: taken is a whole model and no adapter"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(words, message, adapter, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "config.json").write_text("{}")
    assert cli.main(["merge", *(str(adapter) if word == "ADAPTER" else word for word in words)]) == 2
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith("mevqa merge: ")]
    assert printed.out == "" and len(lines) == 1 and message in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "much"])
def test_a_tolerance_that_is_none_is_refused(value, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["merge", "adapter", "--out", "new", f"--tolerance={value}"])
    assert caught.value.code == 2 and "--tolerance" in capsys.readouterr().err


def test_the_help_states_tolerances_and_that_the_base_is_never_quantised(capsys):
    with pytest.raises(SystemExit):
        cli.main(["merge", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "0.001 for float32, 0.05 for float16, 0.25 for bfloat16" in text and "never quantised" in text


#: A process that is killed while it fills a folder; it imports no torch.
KILLED = """
import os, signal, sys
from pathlib import Path
from mevqa.files.whole import whole_folder
with whole_folder(Path(sys.argv[1])) as filling:
    (filling / "config.json").write_text("half")
    (filling / "other.json").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_merge_is_begun_anew_and_leaves_nothing(adapter, questions, tmp_path, monkeypatch):
    """Killed while it writes: the half-written folder stays, is cleared by the next one, and never has the name."""
    out = tmp_path / "merged"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out)], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".merged.mevqa-part"]
    written = []

    def write(into, *args):
        assert not out.exists() and not [path for path in into.iterdir() if path.suffix == ".json"]
        written.append(into)
        write_model(into, *args)

    write_model = merge.write_model
    monkeypatch.setattr(merge, "write_model", write)
    line = ["merge", str(adapter), "--out", str(out), "--dtype", "float32", "--sample", "1", *inputs(questions)]
    assert cli.main(line) == 0
    assert written == [tmp_path / ".merged.mevqa-part"]
    assert [path.name for path in tmp_path.iterdir()] == ["merged"] and (out / "merge.json").is_file()
    assert not (out / "other.json").exists() and not any(path.name.startswith(".") for path in out.iterdir())


def test_an_adapter_in_a_folder_whose_name_is_not_utf8(adapter, questions, tmp_path):
    odd = tmp_path / os.fsdecode(b"\xff\xfe")
    shutil.copytree(adapter, odd)
    line = ["merge", str(odd), "--out", f"{odd}-merged", "--dtype", "float32", "--sample", "1", *inputs(questions)]
    assert cli.main(line) == 0
