"""Statistics of real motion maps beside synthetic ones: ``python -m mevqa.training.nano.map_statistics``.

No label is read: what is compared are marginal statistics of pictures, so that the synthesis can be widened until it
covers what real cameras, faces and flow methods give, without learning from anybody's annotations. Each statistic is a
number a map; the table shows the 10th, 50th and 90th percentile of every set.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mevqa.errors import InputError, Problem
from mevqa.training.nano.drawn_maps import MAP_SIZE, VARIED, Nuisance, draw_maps
from mevqa.training.nano.examples import draw_expressions
from mevqa.training.nano.rendered_maps import RenderedMaps
from mevqa.video.motion.flow import centre_channels

Maps = NDArray[np.uint8]

#: Bands of spatial frequency, cycles a picture: from and below.
_BANDS = ((1, 2), (2, 4), (4, 7), (7, 20))
#: Breadth of the border, pixels of the map.
_BORDER = 3
#: Maps of one set in the picture.
_SHOWN = 14
#: How much larger than 28 x 28 the maps are drawn.
_ZOOM = 3
_PERCENTILES = (10, 50, 90)


def map_statistics(maps: Maps) -> dict[str, NDArray[np.float64]]:
    """Return statistics of motion maps, each [maps].

    Args:
        maps: [maps, 28, 28, 3]: red horizontal, green vertical, blue strain, each stretched over 0..255.

    Returns:
        By name, for horizontal flow u and vertical flow v: the share of the spectrum's power in each band; contrast
        (deviation from the median, grey levels); extent (share of pixels beyond one deviation); noise (deviation from
        the median of 3 x 3 neighbours, as a share of the contrast); border (mean square at the border as a multiple of
        that of the whole map); symmetry (correlation of u with its negated mirror image, of v with its mirror image);
        and how the strain correlates with the strain of u and v themselves.
    """
    values = maps.astype(np.float64)
    centred = values - np.median(values, axis=(1, 2), keepdims=True)
    statistics: dict[str, NDArray[np.float64]] = {}
    for channel, name, sign in ((0, "u", -1.0), (1, "v", 1.0)):
        motion = centred[..., channel]
        deviation = np.maximum(np.sqrt((motion**2).mean((1, 2))), 1e-6)
        for band, share in zip(_BANDS, _spectrum(motion), strict=True):
            statistics[f"{name} power {band[0]}-{band[1]}"] = share
        statistics[f"{name} contrast"] = deviation
        statistics[f"{name} extent"] = (np.abs(motion) > deviation[:, None, None]).mean((1, 2))
        statistics[f"{name} noise"] = np.sqrt(((motion - _median_filtered(motion)) ** 2).mean((1, 2))) / deviation
        statistics[f"{name} border"] = _border_energy(motion) / deviation**2
        statistics[f"{name} symmetry"] = _correlation(motion, sign * motion[..., ::-1])
    slopes = [np.gradient(centred[..., channel], axis=(1, 2)) for channel in (0, 1)]
    strain = np.sqrt(slopes[0][1] ** 2 + slopes[1][0] ** 2 + (slopes[0][0] + slopes[1][1]) ** 2 / 2)
    statistics["strain contrast"] = np.sqrt((centred[..., 2] ** 2).mean((1, 2)))
    statistics["strain border"] = _border_energy(centred[..., 2]) / np.maximum(
        (centred[..., 2] ** 2).mean((1, 2)), 1e-6
    )
    statistics["strain of u, v"] = _correlation(centred[..., 2], strain)
    return statistics


def side_by_side(sets: Mapping[str, Maps], seed: int = 0) -> Image.Image:
    """Draw some maps of each set, centred as the model sees them: three rows (u, v, strain) a set."""
    rng = np.random.default_rng(seed)
    rows = []
    for maps in sets.values():
        chosen = rng.permutation(len(maps))[:_SHOWN]
        centred = np.stack([centre_channels(maps[index]) for index in chosen])
        for channel in range(3):
            row = np.full((_SHOWN, MAP_SIZE + 1, MAP_SIZE + 1), 255, np.uint8)
            row[: len(centred), :-1, :-1] = centred[..., channel]
            rows.append(np.concatenate(list(row), 1))
        rows.append(np.full((2, rows[-1].shape[1]), 255, np.uint8))
    picture = Image.fromarray(np.concatenate(rows))
    return picture.resize((picture.width * _ZOOM, picture.height * _ZOOM), Image.Resampling.NEAREST)


def read_maps(folder: Path) -> Maps:
    """Read the PNG files of a folder, [maps, 28, 28, 3].

    Raises:
        InputError: There is none, or one has another size.
    """
    pictures = {path: np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))}
    shape = (MAP_SIZE, MAP_SIZE, 3)
    problems = [
        Problem(str(path), f"is {rgb.shape[1]} x {rgb.shape[0]} pixels, not {MAP_SIZE} x {MAP_SIZE}")
        for path, rgb in pictures.items()
        if rgb.shape != shape
    ]
    if problems or not pictures:
        raise InputError(problems or [Problem(str(folder), "holds no PNG file")])
    return np.stack(list(pictures.values()))


def _spectrum(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the share of the power in each band, [maps] each."""
    side = values.shape[-1]
    power = np.abs(np.fft.fft2(values)) ** 2
    frequency = np.fft.fftfreq(side, 1 / side)
    radius = np.hypot(frequency[:, None], frequency[None])
    total = np.maximum(power[:, radius > 0].sum(1), 1e-9)
    return [power[:, (radius >= low) & (radius < high)].sum(1) / total for low, high in _BANDS]


def _median_filtered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each pixel's 3 x 3 neighbours."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.asarray(np.median(windows, axis=(3, 4)))


def _border_energy(values: NDArray[np.float64]) -> NDArray[np.float64]:
    outside = np.ones(values.shape[1:], bool)
    outside[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    return np.asarray((values[:, outside] ** 2).mean(1))


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of each pair of maps, [maps]."""
    first = first - first.mean((1, 2), keepdims=True)
    second = second - second.mean((1, 2), keepdims=True)
    scale = np.sqrt((first**2).sum((1, 2)) * (second**2).sum((1, 2)))
    return np.asarray((first * second).sum((1, 2)) / np.maximum(scale, 1e-9))


def _table(sets: Mapping[str, Maps]) -> str:
    """Return a Markdown table: percentiles of every statistic of every set."""
    statistics = {name: map_statistics(maps) for name, maps in sets.items()}
    lines = ["| statistic | " + " | ".join(f"{name} ({len(maps)})" for name, maps in sets.items()) + " |"]
    lines.append("| --- " * (len(sets) + 1) + "|")
    for statistic in next(iter(statistics.values())):
        cells = [np.percentile(set_statistics[statistic], _PERCENTILES) for set_statistics in statistics.values()]
        texts = [" / ".join(f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" for value in cell) for cell in cells]
        lines.append(f"| {statistic} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the picture."""
    parser = argparse.ArgumentParser(prog="python -m mevqa.training.nano.map_statistics", description=__doc__)
    parser.add_argument("--maps", type=Path, nargs="*", default=[], help="folders of real motion maps, 28 x 28 PNG")
    parser.add_argument("--rendered", type=Path, help="rendered-N-SEED.npz of a training")
    parser.add_argument("--count", type=int, default=400, help="synthetic maps of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="PNG to draw the sets into, side by side")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    sets = {folder.name: read_maps(folder) for folder in options.maps}
    for name, nuisance in (("drawn", Nuisance()), ("drawn, varied", VARIED)):
        expressions = draw_expressions(options.count, rng)
        sets[name] = draw_maps([expression.units for expression in expressions], rng, nuisance)
    if options.rendered:
        sets["rendered"] = RenderedMaps.load(options.rendered).sample(options.count, rng)[0]
    print(_table(sets))
    if options.out:
        side_by_side(sets, options.seed).save(options.out)


if __name__ == "__main__":
    main()
