from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from mevqa.errors import InputError
from mevqa.training.nano.average import average, main


def _model(folder, value, size=3):
    folder.mkdir()
    save_file({"weight": torch.full((size,), value, dtype=torch.float16)}, folder / "model.safetensors")
    (folder / "config.json").write_text(f'"{folder.name}"')
    (folder / "training.json").write_text("{}")
    return folder


def test_the_mean_of_the_weights_is_written_beside_the_first_model_s_files(tmp_path):
    first, other = _model(tmp_path / "one", 1.0), _model(tmp_path / "other", 2.0)
    main([str(first), str(other), "--out", str(tmp_path / "mean")])
    mean = load_file(tmp_path / "mean" / "model.safetensors")["weight"]
    assert mean.dtype == torch.float16 and torch.equal(mean, torch.full((3,), 1.5, dtype=torch.float16))
    assert (tmp_path / "mean" / "config.json").read_text() == '"one"'
    assert not (tmp_path / "mean" / "training.json").exists()


def test_models_that_cannot_be_averaged_are_named(tmp_path):
    first, larger = _model(tmp_path / "one", 1.0), _model(tmp_path / "larger", 1.0, size=4)
    with pytest.raises(InputError, match="other weights"):
        average([first, larger], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
    with pytest.raises(InputError, match=r"holds no model.safetensors(.|\n)*exists already"):
        average([first, tmp_path / "none"], larger)
