"""Engines that work on many videos at once: processes of this machine, or a cluster of Ray.

An engine takes a function and items and yields results as they are done. What is computed does not depend on it.
"""

from mevqa.engines.base import Engine, Lost
from mevqa.engines.ray_workers import RayWorkers, ray_workers
from mevqa.engines.registry import ENGINE_NAMES, find_engine, known_engine

__all__ = ["ENGINE_NAMES", "Engine", "Lost", "RayWorkers", "find_engine", "known_engine", "ray_workers"]
