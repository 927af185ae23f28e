"""A data set of one's own is one YAML file: python examples/own_dataset.py."""

import csv
import tempfile
from pathlib import Path

import mevqa

ROWS = [
    ("Person", "File", "From", "Until", "Units", "Feeling"),
    (7, "smile1", 31, 64, "L12", "happy"),
    (7, "frown1", 12, 40, "4+7", "disgust"),
]


def main() -> None:
    lab = mevqa.register_dataset(Path(__file__).with_suffix(".yaml"))
    print(lab.title, mevqa.taxonomy("our lab").fine)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "labels.csv"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows(ROWS)
        labels = mevqa.read_annotations(table)
    for name, clip in labels.items():
        assert not clip.errors and not clip.notes
        for event in clip.events:
            print(name, clip.dataset, clip.fps, event.onset, event.offset, event.unit_names, event.fine, event.coarse)


if __name__ == "__main__":
    main()
