"""Models of full size, built from their configs: as many weights as the published ones, as many tokens a picture."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForImageTextToText

from mevqa.benchmarks.gpu.architectures import architecture, build, full_size_names
from mevqa.benchmarks.gpu.cases import recipe_names
from mevqa.benchmarks.prefix_reuse import pictures, requests
from mevqa.errors import InputError
from mevqa.training.recipes.recipe import read_recipe

#: Weights in billions, as the files of the published models hold them.
PUBLISHED = {
    "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": 0.256,
    "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": 0.507,
    "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": 0.894,
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": 8.03,
    "OpenGVLab/InternVL3-2B-hf": 2.09,
    "Qwen/Qwen2.5-VL-3B-Instruct": 3.755,
    "Qwen/Qwen2.5-VL-7B-Instruct": 8.292,
    "Qwen/Qwen3-VL-4B-Instruct": 4.438,
    "Qwen/Qwen3-VL-8B-Instruct": 8.767,
    "google/gemma-3-4b-it": 4.30,
}
#: Picture tokens of two pictures of a face; SmolVLM cuts each into 16 tiles and adds the whole,
#: InternVL and Gemma mark where a picture begins and ends.
TOKENS = {
    "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": 2 * 17 * 64,
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": 2 * 730,
    "OpenGVLab/InternVL3-2B-hf": 2 * (256 + 2),
    "Qwen/Qwen2.5-VL-7B-Instruct": 2 * 81,
    "Qwen/Qwen3-VL-8B-Instruct": 2 * 64,
    "google/gemma-3-4b-it": 2 * (256 + 1),
}


def texts():
    system, question_requests = requests("official")
    return [system, *(request.text for request in question_requests)]


def test_the_sizes_of_every_recipe_are_known():
    assert {read_recipe(name).model for name in recipe_names()} == set(full_size_names()) == set(PUBLISHED)


@pytest.mark.parametrize("name", full_size_names())
def test_a_model_has_the_weights_of_the_published_one(name):
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(architecture(name, texts()).config)
    assert sum(p.numel() for p in model.parameters()) / 1e9 == pytest.approx(PUBLISHED[name], rel=0.003)


@pytest.mark.parametrize("name", TOKENS)
def test_pictures_become_as_many_tokens_as_with_the_real_processor(name):
    from mevqa.models.transformers.model import TransformersModel

    plan = architecture(name, texts())
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(plan.config)
    wrapped = TransformersModel(model, plan.processor, name=name, revision="random")
    system, question_requests = requests("official")
    assert wrapped.count_tokens(system, pictures(2, plan.side, 0), question_requests)[0] == TOKENS[name]


def test_an_unknown_model_is_refused_in_one_line():
    with pytest.raises(InputError, match="sizes of other/model are not known"):
        architecture("other/model", texts())


def test_four_bit_layers_answer_and_leave_the_head_alone():
    bnb = pytest.importorskip("bitsandbytes")
    plan = architecture("Qwen/Qwen2.5-VL-3B-Instruct", texts(), small=True)
    model = build(plan, device="cpu", quantization="4bit")
    layers = [module for module in model.model.modules() if isinstance(module, torch.nn.Linear)]
    packed = [module for module in layers if isinstance(module, bnb.nn.Linear4bit)]
    assert len(packed) == len(layers) - 1 and type(model.model.get_output_embeddings()) is torch.nn.Linear
    system, question_requests = requests("official")
    replies = model.ask(system, pictures(1, plan.side, 0), question_requests[:1])
    assert replies[0].error is None and replies[0].options
