"""A made-up copy of a data set in its released shape: python examples/made_up_datasets.py casme2 your-casme2.

It writes a label file, grey frames in the folders of the release, and questions. Nothing in it is of the data set. It
shows what `mevqa check` says before the real files are at hand, and what folders to compare with.
"""

import json
import sys
from pathlib import Path

import openpyxl
import yaml
from PIL import Image

MADE_UP = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def table(dataset: dict, rows: list) -> list:
    """The rows of the label file, filled up so that the rows with known mistakes stand where the release has them."""
    header = next(place for place, row in enumerate(rows) if "Filename" in row) + 1 if "filled" in dataset else 0
    for key, more in (("filled", "more"), ("filled_behind", "")):
        count, row = dataset.get(key, (0, []))
        for n in range(len(rows) - header, count):
            rows.append([cell.format(n=n) if isinstance(cell, str) else cell for cell in row])
        rows += dataset.get(more, [])
    return rows


def write(name: str, folder: Path) -> None:
    """Write the label file, the frames and the questions."""
    dataset = MADE_UP[name]
    folder.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheets = dataset["sheets"]
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in table(dataset, list(rows)) if title == "labels" else rows:
            sheet.append(row)
    book.save(folder / dataset["labels"])
    for clip_folder, names in dataset["frames"].items():
        (folder / clip_folder).mkdir(parents=True, exist_ok=True)
        if isinstance(names[1], int):
            pattern, first, last = names
            names = [pattern.format(n=n) for n in range(first, last + 1)]
        for n, frame in enumerate(names):
            Image.new("L", (16, 16), n % 200).save(folder / clip_folder / frame)
        print(f"{folder.name}/{clip_folder}/{names[0]} to {names[-1]}")
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for number, (clip, subject, question, answer) in enumerate(dataset["asked"], 1):
            row = {"id": f"q{number}", "dataset": name.removesuffix("-long"), "image_id": clip, "subject": subject}
            file.write(json.dumps({**row, "filename": clip, "question": question, "answer": answer}) + "\n")
    print(f"{folder.name}/{dataset['labels']}", f"{folder.name}/questions.jsonl", sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in MADE_UP:
        sys.exit(f"python {sys.argv[0]} NAME FOLDER; NAME is one of: {', '.join(MADE_UP)}")
    write(sys.argv[1], Path(sys.argv[2]))
