"""Score tables for people: on the terminal, as Markdown and as LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mevqa.safe_text import visible
from mevqa.scoring.result import ScoreResult

_CLASSES = {
    "coarse": "coarse",
    "fine": "fine",
    "presence": "AU presence",
    "shown": "expression shown",
    "side": "AU side",
    "type": "n-th type",
    "event_presence": "event presence",
    "order": "first kind",
}
_COUNTS = {
    "count_all": "all events",
    "count_micro": "micro",
    "count_macro": "macro",
    "count_between": "between two times",
}
_LOCALISED = {
    "localise": "all questions",
    "localise.any": "every expression",
    "localise.micro": "every micro-expression",
    "localise.macro": "every macro-expression",
}
_TEXTS = {
    "text.bleu": "BLEU",
    "text.bleu_ceiling": "BLEU of the references",
    "text.rouge1": "ROUGE-1",
    "text.corpus_bleu": "corpus BLEU-4",
    "text.sentence_bleu": "sentence BLEU-4",
    "text.rouge1_recall": "ROUGE-1 recall",
    "text.rouge1_f1": "ROUGE-1 F1",
    "text_open.corpus_bleu": "corpus BLEU-4, not coarse or fine",
    "text_open.sentence_bleu": "sentence BLEU-4, not coarse or fine",
    "text_open.rouge1_recall": "ROUGE-1 recall, not coarse or fine",
    "text_open.rouge1_f1": "ROUGE-1 F1, not coarse or fine",
}
#: Which switches decide which table.
_SWITCHES = {
    "classes": ("preset", "answers", "missing", "classes"),
    "action units": ("preset", "answers"),
    "numbers of events": ("preset", "answers", "count"),
    "text": ("preset", "bleu", "rouge", "stemmer", "rows"),
    "summaries": ("preset", "bleu", "rouge", "stemmer"),
}
#: Where the header of a table is broken; the table itself is as wide as it is.
_LINE = 110
#: Entries of the protocol that are said elsewhere.
_NO_SWITCHES = frozenset(
    {"answers_from", "references_from", "detections_from", "paired"}
    | {"draws", "seed", "level", "resampled"}
    | {"sweep", "fps", "duration", "strs"}
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts.

    Attributes:
        title: What it shows.
        columns: Headings; the first column names the row.
        rows: As many cells a row as columns.
        switches: What decided the numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    switches: str = ""

    def __post_init__(self) -> None:
        """Bring each cell to one line: names with line feeds would end a row of Markdown or LaTeX."""
        object.__setattr__(self, "columns", tuple(map(_one_line, self.columns)))
        object.__setattr__(self, "rows", tuple(tuple(map(_one_line, row)) for row in self.rows))

    @property
    def header(self) -> str:
        """The title and the switches that decided the numbers."""
        return f"{self.title} ({self.switches})" if self.switches else self.title


def score_tables(result: ScoreResult) -> list[Table]:
    """Return the tables of a result, those without rows left out."""
    tables = [
        _rows_of(result, "classes", _CLASSES, ("accuracy", "uf1", "uar", "majority", "chance"), "question"),
        _rows_of(result, "action units", {"au": "action units"}, ("f1", "jaccard", "exact", "majority_f1"), "question"),
        _rows_of(result, "numbers of events", _COUNTS, ("mae", "rmse", "accuracy", "median_mae"), "count"),
        _rows_of(
            result,
            "sentences, what they name",
            {"combined": "combined", "analysis": "analysis"},
            ("au_f1", "fine_accuracy", "coarse_accuracy"),
            "question",
        ),
        _rows_of(
            result,
            "events localised",
            _LOCALISED,
            ("precision", "recall", "f1", "mean_f1", "kind_accuracy"),
            "question",
        ),
        _rows_of(
            result,
            "one event",
            {"describe": "n-th event", "longest": "longest event"},
            ("iou", "iou50", "kind_accuracy", "au_f1", "fine_accuracy", "coarse_accuracy"),
            "question",
        ),
        _rows_of(
            result, "summaries", {"summary": "summary"}, ("rouge1", "bleu", "au_f1", "count_accuracy"), "question"
        ),
        _listed(result, "text", _TEXTS),
        _calibration(result),
    ]
    return [
        replace(table, switches=switches_of(result, _SWITCHES.get(table.title, ("preset",))))
        for table in tables
        if table.rows
    ]


def group_table(by: str, groups: Mapping[str, ScoreResult]) -> Table:
    """Return one row a part, with the main number of each kind of question that occurs."""
    main = {
        "coarse.accuracy": "coarse acc",
        "coarse.uf1": "coarse UF1",
        "coarse.uar": "coarse UAR",
        "fine.accuracy": "fine acc",
        "fine.uf1": "fine UF1",
        "fine.uar": "fine UAR",
        "presence.accuracy": "presence acc",
        "side.accuracy": "side acc",
        "au.f1": "AU F1",
        "count_all.mae": "all MAE",
        "count_micro.mae": "micro MAE",
        "count_macro.mae": "macro MAE",
        "type.uf1": "type UF1",
        "text.bleu": "BLEU",
        "text.rouge1": "ROUGE-1",
        "event_presence.uf1": "event presence UF1",
        "order.uf1": "first kind UF1",
        "count_between.mae": "between MAE",
        "localise.f1": "localise F1",
        "longest.iou50": "longest IoU >= .5",
        "describe.iou50": "describe IoU >= .5",
        "summary.rouge1": "summary ROUGE-1",
    }
    keys = [key for key in main if any(key in result.metrics for result in groups.values())]
    rows = tuple(
        (
            name,
            str(result.counts["questions"]),
            str(result.counts["unusable"] or ""),
            *(plain_number(result, key) for key in keys),
        )
        for name, result in groups.items()
    )
    return Table(f"by {by}", (by, "n", "no answer", *(main[key] for key in keys)), rows)


def paired_table(result: ScoreResult, names: tuple[str, str]) -> Table:
    """Return the scores of two sets of answers beside each other, their differences and whether these are sure."""
    first, second = (result.groups["answers"][side] for side in ("first", "second"))
    rows = []
    for key in result.metrics:
        p = result.details.get("p", {}).get(key)
        verdict = {None: "", True: "yes", False: "no"}[result.differs(key)]
        shown = "" if p is None else f"{p:.3f}"
        rows.append((key, plain_number(first, key), plain_number(second, key), number(result, key), shown, verdict))
    columns = ("metric", names[0], names[1], "difference", "p", "differ")
    switches = switches_of(result, [name for name in result.protocol if name not in _NO_SWITCHES])
    return Table("paired comparison", columns, tuple(rows), switches)


def number(result: ScoreResult, key: str) -> str:
    """Return a metric with its interval: ``.612 [.540, .690]``; empty without the metric."""
    if key not in result.metrics:
        return ""
    bounds = result.intervals.get(key)
    value = plain_number(result, key)
    return value if bounds is None else f"{value} [{_bound(bounds[0])}, {_bound(bounds[1])}]"


def plain_number(result: ScoreResult, key: str) -> str:
    """Return a metric without its interval; empty without the metric."""
    return _digits(result.metrics[key]) if key in result.metrics else ""


def switches_of(result: ScoreResult, names: Sequence[str]) -> str:
    """Return some switches that decided the numbers in one line."""
    shown = []
    for name in names:
        if name in result.protocol:
            value = result.protocol[name]
            said = {True: "on", False: "off"}[value] if isinstance(value, bool) else "none" if value is None else value
            shown.append(f"{name} {said}")
    return ", ".join(shown)


def interval_line(result: ScoreResult) -> str:
    """Say how the intervals were made."""
    if not result.intervals:
        return "no intervals"
    made = result.protocol
    return f"[95 % bootstrap interval, drawn by {made['resampled']}, {made['draws']} draws, seed {made['seed']}]"


def as_text(table: Table) -> str:
    """Return a table for the terminal, its columns aligned and never cut off."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    header = textwrap.wrap(table.header, _LINE, break_on_hyphens=False)
    return "\n".join([*header, lines[0], "-" * len(lines[0]), *lines[1:]])


def as_markdown(tables: Sequence[Table], captions: Sequence[str]) -> str:
    """Return GitHub tables under their titles, the captions first."""
    # Captions are sentences of ours about names of others: neither HTML nor links.
    parts = [_one_line(caption).replace("<", "\\<").replace("](", "]\\(") for caption in captions]
    for table in tables:
        lines = [f"**{_escaped_markdown(table.header)}**", ""]
        lines.append("| " + " | ".join(map(_escaped_markdown, table.columns)) + " |")
        lines.append("| --- |" + " ---: |" * (len(table.columns) - 1))
        lines += ["| " + " | ".join(map(_escaped_markdown, row)) + " |" for row in table.rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_latex(tables: Sequence[Table], captions: Sequence[str]) -> str:
    """Return booktabs tables; the switches stand in each caption."""
    parts = ["% needs \\usepackage{booktabs}"]
    for table in tables:
        caption = _escaped_latex(_one_line(f"{table.header}. {' '.join(captions)}"))
        lines = ["\\begin{table}", "\\centering", f"\\caption{{{caption}}}"]
        lines += [f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}", "\\toprule"]
        lines += [" & ".join(map(_escaped_latex, table.columns)) + r" \\", "\\midrule"]
        lines += [" & ".join(map(_escaped_latex, row)) + r" \\" for row in table.rows]
        lines += ["\\bottomrule", "\\end{tabular}", "\\end{table}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _rows_of(result: ScoreResult, title: str, names: Mapping[str, str], metrics: Sequence[str], first: str) -> Table:
    """Return a table with one row a key prefix and one column a metric."""
    headings = {
        "uf1": "UF1",
        "uar": "UAR",
        "f1": "F1",
        "jaccard": "Jaccard",
        "mae": "MAE",
        "rmse": "RMSE",
        "exact": "all right",
        "majority_f1": "F1 of the commonest set",
        "median_mae": "MAE of the median",
        "au_f1": "AU F1",
        "fine_accuracy": "fine",
        "coarse_accuracy": "coarse",
        "mean_f1": "mean F1",
        "kind_accuracy": "kind",
        "iou": "mean IoU",
        "iou50": "IoU >= .5",
        "rouge1": "ROUGE-1",
        "bleu": "BLEU",
        "count_accuracy": "counts",
    }
    present = [prefix for prefix in names if any(f"{prefix}.{metric}" in result.metrics for metric in metrics)]
    rows = tuple(
        (
            names[prefix],
            str(result.counts.get(f"{prefix}.questions", "")),
            *(number(result, f"{prefix}.{metric}") for metric in metrics),
            str(result.counts.get(f"{prefix}.unusable", 0) or ""),
        )
        for prefix in present
    )
    return Table(title, (first, "n", *(headings.get(metric, metric) for metric in metrics), "no answer"), rows)


def _listed(result: ScoreResult, title: str, names: Mapping[str, str]) -> Table:
    rows = tuple((name, number(result, key)) for key, name in names.items() if key in result.metrics)
    return Table(title, ("measure", "value"), rows)


def _calibration(result: ScoreResult) -> Table:
    names = {"calibration": "all", **_CLASSES}
    rows = tuple(
        (name, number(result, f"{prefix}.ece"), number(result, f"{prefix}.brier"))
        for prefix, name in names.items()
        if f"{prefix}.ece" in result.metrics
    )
    return Table("calibration of the option probabilities", ("question", "ECE", "Brier (0 to 2)"), rows)


def _digits(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"


def _bound(value: float) -> str:
    """Return a bound without the zero before the point: intervals are many."""
    return _digits(value).replace("0.", ".", 1) if abs(value) < 1 else _digits(value)


def _one_line(text: str) -> str:
    return visible(" ".join(text.splitlines()).replace("\t", " "))


def _escaped_markdown(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\|*_`<>[]#" else sign for sign in text)


def _escaped_latex(text: str) -> str:
    signs = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    return "".join(signs.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)
