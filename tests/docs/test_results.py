"""Every block of results in docs/results.md has the form that the page asks for."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field, ValidationError, field_validator

from mevqa.files.strict_yaml import StrictModel

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
Text = Annotated[str, Field(min_length=3)]


class Result(StrictModel):
    what: Text
    kind: Literal["score", "cost"]
    data: Text
    model: Text
    revision: str | None
    protocol: Text
    commands: Annotated[list[str], Field(min_length=1)]
    figures: Annotated[dict[str, float | list[float]], Field(min_length=1)]
    versions: dict[Literal["mevqa", "torch", "transformers"], str]
    hardware: Text
    by: Text
    date: datetime.date

    @field_validator("commands")
    @classmethod
    def _are_commands(cls, commands):
        if not all(re.match(r"(mevqa|make|accelerate launch|python) \S", line) for line in commands):
            raise ValueError("commands are typed as they were run")
        return commands


def check(result: Result) -> None:
    """Scores stand between the ends of their intervals; costs are numbers with a unit in their name."""
    assert set(result.versions) == {"mevqa", "torch", "transformers"}
    for name, value in result.figures.items():
        if result.kind == "score":
            assert isinstance(value, list) and len(value) == 3, f"{name}: [value, lower, upper]"
            assert 0 <= value[1] <= value[0] <= value[2] <= 1, name
        else:
            assert re.search(r"_(s|gib|per_s|eur|usd)$", name) and isinstance(value, float), name


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_result_has_the_form(block):
    check(Result.model_validate(yaml.safe_load(block)))


def test_the_page_names_every_key_and_has_an_example():
    listed = re.findall(r"^- `(\w+)`|, and `(\w+)`", PAGE, re.MULTILINE)
    assert {name for pair in listed for name in pair if name} == set(Result.model_fields)
    assert BLOCKS


@pytest.mark.parametrize("change", ["figures: {}", "kind: other", "commands: []", "commands: ['rm -rf x']", "extra: 1"])
def test_a_wrong_block_is_refused(change):
    content = yaml.safe_load(BLOCKS[0]) | yaml.safe_load(change)
    with pytest.raises(ValidationError):
        Result.model_validate(content)
