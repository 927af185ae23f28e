"""The guide to fine-tuning promises what the commands know; `accelerate launch` reads its files."""

import re
import shlex
from pathlib import Path

import pytest
from tiny import built

from mevqa.cli import build_parser
from mevqa.errors import InputError
from mevqa.files.strict_yaml import StrictModel
from mevqa.resources import resource_folder
from mevqa.training.recipes.recipe import Recipe, read_recipe

DESK = resource_folder("finetune")
GUIDE = (DESK / "README.md").read_text(encoding="utf-8")
#: Recipes of models from the hub.
HUB = sorted(path.stem for path in DESK.glob("*.yaml") if not path.stem.startswith("nano"))
LAUNCH = sorted(path.name for path in (DESK / "accelerate").glob("*.yaml"))
#: The tiny models of the families that the recipes are about.
KINDS = ("smolvlm", "qwen2_5_vl", "qwen3_vl", "internvl", "llava_onevision", "gemma3")


# --- the files for `accelerate launch`


@pytest.mark.parametrize("name", LAUNCH)
def test_accelerate_reads_every_launch_file(name):
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    config = load_config_from_file(str(DESK / "accelerate" / name))
    assert isinstance(config, ClusterConfig) and config.num_processes == 2 and config.num_machines == 1
    assert config.mixed_precision == "no", "a bare no is false in YAML; the recipe decides the precision"
    kinds = {"ddp.yaml": "MULTI_GPU", "fsdp.yaml": "FSDP"}
    assert config.distributed_type == kinds.get(name, "DEEPSPEED")
    known = {action.dest for action in launch_command_parser()._actions}
    assert {*config.fsdp_config, *config.deepspeed_config} <= known, "accelerate ignores keys that it does not know"
    if "zero" in name:
        assert f"zero{config.deepspeed_config['zero_stage']}" in name
    assert f"accelerate/{name}" in GUIDE and f"--config_file finetune/accelerate/{name}" in _text(name)


def test_the_sharded_launch_file_names_the_layers_of_every_recipe():
    layers = {type(module).__name__ for kind in KINDS for module in built(kind)[0].get_decoder().layers}
    named = set(re.findall(r"\w+DecoderLayer", _text("fsdp.yaml")))
    assert named == layers


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["qwen3_vl"])
def test_weights_that_are_spread_over_processes_get_the_same_gradients(kind):
    from sharded import largest_difference

    assert largest_difference(kind) < 1e-3


def _text(name):
    return (DESK / "accelerate" / name).read_text(encoding="utf-8")


# --- the guide


def leaves(schema, before=""):
    """Every key of a schema with its default; None for one that must be given."""
    for name, field in schema.model_fields.items():
        inner = [kind for kind in (field.annotation, *getattr(field.annotation, "__args__", ())) if kind is not None]
        block = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, StrictModel)), None)
        if block is not None:
            yield from leaves(block, f"{before}{name}.")
        else:
            yield f"{before}{name}", "needed" if field.is_required() else field.get_default()


def as_written(default):
    """A default as the guide writes it."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(default) or "–"
    return f"{default:g}" if isinstance(default, (int, float)) else str(default or "–")


def test_the_guide_explains_every_key_with_its_default():
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| [^|]{10,} \|$", GUIDE, re.MULTILINE)
    assert dict(rows) == {key: as_written(default) for key, default in leaves(Recipe)}
    assert len(rows) == len(dict(rows))


def commands():
    """Every command of the guide, as words."""
    joined = GUIDE.replace("\\\n", " ")
    lines = re.findall(r"^    (?:\w+=\S+ )*((?:mevqa|accelerate launch) .+)$", joined, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[:3]))
def test_every_command_of_the_guide_parses(words):
    if words[0] == "accelerate":
        from accelerate.commands.launch import launch_command_parser

        launched = launch_command_parser().parse_args(words[2:])
        assert Path(launched.config_file).name in LAUNCH and launched.module
        words = [launched.training_script, *launched.training_script_args]
    args = build_parser().parse_args(words[1:])
    if args.command in ("finetune", "loso"):
        assert read_recipe(args.recipe, args.overrides).output is not None


def test_overrides_that_the_guide_mentions_exist():
    mentioned = re.findall(r"`([a-z_]+(?:\.[a-z_]+)?=[\w.,-]+)`", GUIDE)
    assert len(mentioned) > 10
    for override in set(mentioned) - {"key=value"}:
        try:
            read_recipe("qwen2.5-vl-3b-lora-24gb", [override])
        except InputError as error:
            assert "unknown key" not in str(error), override


def test_estimates_fit_the_cards_that_recipes_are_named_after():
    rows = re.findall(r"^\| `([\w.-]+)` \|[^|]+\|[^|]+\| ([\d.]+) GB, estimated \| \d+ min, estimated \|$", GUIDE, re.M)
    assert [name for name, _ in rows] and {name for name, _ in rows} == set(HUB)
    for name, size in rows:
        card = re.search(r"-(\d+)gb$", name)
        assert card is None or float(size) < 0.9 * float(card[1]), name


def test_every_link_of_the_guide_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (DESK / target).exists(), target
