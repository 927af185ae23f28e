"""The data sets: one YAML each, with everything that is known about it."""

from mevqa.datasets.definition import DatasetDefinition
from mevqa.datasets.registry import (
    Taxonomy,
    UnknownDataset,
    canonical_dataset,
    dataset,
    dataset_names,
    datasets,
    is_dataset,
    kind_rule,
    known_dataset,
    register_dataset,
    taxonomy,
    video_name_pattern,
)

__all__ = [
    "DatasetDefinition",
    "Taxonomy",
    "UnknownDataset",
    "canonical_dataset",
    "dataset",
    "dataset_names",
    "datasets",
    "is_dataset",
    "kind_rule",
    "known_dataset",
    "register_dataset",
    "taxonomy",
    "video_name_pattern",
]
