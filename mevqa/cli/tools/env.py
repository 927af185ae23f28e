"""Print versions, devices and the models found on this machine: what one pastes into a bug report."""

from __future__ import annotations

import argparse
import json
from typing import Any

from mevqa.cli.json_output import add_json, put_json

HELP = "versions, devices, models found"

_PACKAGES = (
    "mevqa",
    "torch",
    "torchvision",
    "transformers",
    "peft",
    "accelerate",
    "bitsandbytes",
    "datasets",
    "decord",
    "av",
    "opencv-python-headless",
    "numpy",
    "scipy",
    "pillow",
    "mediapipe",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mevqa env``."""
    add_json(parser, "versions, devices and models", was_flag=True)


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    facts = collect()
    if put_json(args.json, json.dumps(facts, indent=1)):
        return 0
    for name in ("system", "python", "cores", "memory"):
        print(f"{name:<24} {facts[name]}")
    for package, version in facts["packages"].items():
        print(f"{package:<24} {version}")
    for device in facts["devices"]:
        print(f"{'device':<24} {device}")
    for model in facts["models"]:
        print(f"{'model':<24} {model}")
    return 0


def collect() -> dict[str, Any]:
    """Return system, package versions (``absent`` where not installed), torch devices and models found."""
    import os
    import platform

    from mevqa.inference.fingerprint import package_versions
    from mevqa.models.registry import model_names

    versions = package_versions(_PACKAGES)
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "packages": {name: versions.get(name, "absent") for name in _PACKAGES},
        "devices": _devices(),
        "models": [name for name in model_names() if name != "mock"],
    }


def _memory() -> str:
    """Return the machine's memory in GiB, where the system tells."""
    import os

    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (ValueError, AttributeError, OSError):
        return "unknown"


def _devices() -> list[str]:
    """Return the devices that torch can use."""
    import torch

    devices = [f"cpu ({torch.get_num_threads()} threads)"]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        devices.append(f"cuda:{index} {properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices
