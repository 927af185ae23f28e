"""Fine-tuning by recipes: packed rows, leave-one-subject-out, adapters, and how nano is made."""

from mevqa.training.recipes.files import find_recipe
from mevqa.training.recipes.recipe import Recipe, read_recipe
from mevqa.training.recipes.spotter import SpotterRecipe
from mevqa.training.result import FineTuningResult, PictureProbe
from mevqa.training.splits import Fold, LeakError, assert_disjoint

__all__ = [
    "FineTuningResult",
    "Fold",
    "LeakError",
    "PictureProbe",
    "Recipe",
    "SpotterRecipe",
    "assert_disjoint",
    "find_recipe",
    "read_recipe",
]
