"""Annotated videos with made-up labels, and a recipe that trains in a second."""

from pathlib import Path

ROWS = {
    "s1": "{0},s1,30,12,17,22,happiness,positive,micro\n{0},s1,30,50,55,60,disgust,negative,micro\n",
    "s2": "{0},s2,30,30,36,41,happiness,positive,micro\n",
    "s3": "{0},s3,30,40,45,52,surprise,surprise,micro\n",
}
HEADER = "clip,subject,fps,onset,apex,offset,fine,coarse,kind\n"

RECIPE = """
spotter: me-tst
network: {width: 8, depth: 1, states: 4}
training: {epochs: 1, rate: 0.01, batch: 8}
decoder: {folds: 2}
"""


class AnnotatedSet:
    """Media, labels and a recipe; ``arguments`` are those of the commands."""

    def __init__(self, folder: Path, media: Path, rows=ROWS):
        self.media = media
        self.features = media.parent / "features"
        self.labels, self.recipe = folder / "labels.csv", folder / "tiny.yaml"
        names = sorted(path.stem for path in media.glob("*.mp4"))
        own = "".join(text.format(name) for name, text in zip(names, rows.values(), strict=True))
        self.labels.write_text(HEADER + own)
        self.recipe.write_text(RECIPE)

    def arguments(self, command, out):
        places = {"annotations": self.labels, "media": self.media, "features": self.features, "out": out}
        return [command, str(self.recipe), *(f"--{name}={place}" for name, place in places.items())]
