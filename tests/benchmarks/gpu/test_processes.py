"""GPU benchmark: every case is measured in a process of its own, and its outcome is a row."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time

import pytest
import torch

from mevqa.benchmarks.gpu import answering, processes, training
from mevqa.benchmarks.gpu.cases import GpuCase, recipe_names, shipped_cases
from mevqa.benchmarks.gpu.report import GpuReport, describe_machine, read_report, tables, write_report
from mevqa.cli import main
from mevqa.errors import InputError

SMALL = {"device": "cpu", "small": True}
RECIPE = GpuCase("training", "qwen2.5-vl-3b-qlora-8gb", **SMALL)
ANSWERING = GpuCase("answering", "Qwen/Qwen3-VL-8B-Instruct", "float32", **SMALL)
ADAPTER = GpuCase("adapter", "Qwen/Qwen2.5-VL-3B-Instruct", "float32", **SMALL)
#: What the machines with GPUs may lack.
ABSENT = ("decord", "av", "openpyxl", "xlrd", "datasets", "nltk", "rouge_score", "tensorboardX", "mediapipe")


def test_the_whole_measurement_has_every_recipe_and_way_of_answering():
    cases = shipped_cases()
    assert [case.name for case in cases if case.kind == "training"] == recipe_names() and len(recipe_names()) == 16
    ways = {(case.precision, case.quantization, case.attention) for case in cases if case.kind == "answering"}
    assert {("bfloat16", "none", None), ("bfloat16", "4bit", None), ("float32", "none", None)} <= ways
    assert ("bfloat16", "none", "flash_attention_2") in ways and any(case.kind == "adapter" for case in cases)
    assert shipped_cases(["smolvlm2-256m"]) == [GpuCase("training", "smolvlm2-256m")]


def test_a_recipe_that_there_is_not_is_refused_before_anything_is_measured():
    with pytest.raises(InputError, match="no recipe 'smolvlm2-256'; did you mean 'smolvlm2-256m'"):
        shipped_cases(["smolvlm2-256m", "smolvlm2-256"])


def test_a_recipe_is_held_to_the_memory_of_the_card_that_it_names():
    memory = {name: GpuCase("training", name).card_gib for name in recipe_names()}
    assert memory["qwen2.5-vl-3b-qlora-8gb"] == 8 and memory["qwen2.5-vl-7b-lora-80gb"] == 80
    assert memory["smolvlm2-256m"] is None and set(memory.values()) == {None, 8, 16, 24, 80}


def test_steps_of_a_recipe_are_measured():
    figures = training.measure_recipe(RECIPE)
    assert figures["step_s"] > 0 and 0 < figures["trained_weights"] < figures["weights"]
    assert figures["training_of_150_clips_s"] == pytest.approx(figures["step_s"] * 12 * 150 * 0.85 / 8)


def test_reuse_of_the_prefix_and_a_merged_adapter_answer_the_same():
    reused = answering.measure_answers(ANSWERING)
    assert reused["largest_difference"] <= reused["tolerance"] == 1e-3 and reused["answers_that_differ"] == 0
    merged = answering.measure_adapter(ADAPTER)
    assert 0 < merged["largest_difference"] <= merged["tolerance"], "0: the adapter changes nothing"


def test_how_a_case_ended_is_a_row(tmp_path):
    missing = GpuCase("answering", "Qwen/Qwen3-VL-8B-Instruct", attention="flash_attention_2", **SMALL)
    unknown = GpuCase("training", "no-such-recipe", **SMALL)
    reported = []
    results = processes.run_cases([ANSWERING, missing, unknown], 300, reported.append)
    assert reported == results and [result.outcome for result in results] == ["measured", "missing", "failed"]
    assert "no such recipe" in results[2].reason
    late = processes.run_cases([ANSWERING], 0, reported.append)
    assert late[0].outcome == "not run" and "were over" in late[0].reason
    report = GpuReport(describe_machine("cpu", True), tuple(results))
    write_report(tmp_path / "gpu.json", report)
    read = read_report(tmp_path / "gpu.json")
    assert [result.case for result in read.results] == [ANSWERING, missing, unknown]
    fine_tuning, answered = tables(read)
    assert fine_tuning.rows[0][:1] + fine_tuning.rows[0][3:4] == ("no-such-recipe", "failed")
    assert [row[2] for row in answered.rows] == ["–", "missing"] and "SMALL MODELS" in answered.header


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory", "more than 8 GiB"),
        (ImportError("no bitsandbytes"), "missing", "no bitsandbytes"),
        (RuntimeError("no kernel\nimage"), "failed", "RuntimeError: no kernel image"),
    ],
)
def test_what_a_case_meets_is_its_outcome(monkeypatch, error, outcome, reason):
    def fails(case):
        raise error

    class There:
        def send(self, sent):
            self.sent = sent

        def close(self):
            pass

    monkeypatch.setattr(training, "measure_recipe", fails)
    there = There()
    processes._measure(RECIPE, there)
    assert there.sent == (outcome, reason, {})


def test_a_process_that_dies_is_a_row(monkeypatch):
    monkeypatch.setattr(processes, "_measure", lambda case, there: os._exit(9))
    result = processes._run(multiprocessing.get_context("fork"), RECIPE, 60)
    assert (result.outcome, result.reason) == ("failed", "its process ended with code 9")


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(processes, "_measure", lambda case, there: time.sleep(60))
    result = processes._run(multiprocessing.get_context("fork"), RECIPE, 0.2)
    assert (result.outcome, result.reason) == ("failed", "took more than 0 s") and result.seconds < 30


def test_the_command_runs_without_readers_of_videos_and_tables(tmp_path):
    code = f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); from mevqa.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "bench", "gpu", "--small", "--recipe", "smolvlm2-256m", "--markdown"]
    process = subprocess.run(
        [*command, "--json", str(tmp_path / "gpu.json")], capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
    assert "| smolvlm2-256m |" in process.stdout and "1/1 training smolvlm2-256m: measured" in process.stderr
    assert read_report(tmp_path / "gpu.json").results[0].figures["step_s"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_the_command_says_what_to_do(capsys):
    assert main(["bench", "gpu"]) == 2
    message = capsys.readouterr().err
    assert (
        message.startswith("mevqa bench gpu: this machine has no GPU")
        and message.count("mevqa") == 1
        and "--small" in message
    )


def test_a_file_that_holds_no_results_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"format": 1}')
    with pytest.raises(InputError, match="no results of mevqa bench gpu"):
        read_report(tmp_path / "x.json")
