"""A model of one's own is a class and a line: python examples/own_model.py QUESTIONS.jsonl CLIPS."""

import sys
import tempfile
from collections.abc import Sequence

import mevqa


class RuleModel:
    """Says "negative" and "no" where it may, else the first admissible answer; a real one would look at the views."""

    revision = "1"
    preferences = mevqa.Preferences(views=("frames",))

    def __init__(self, name: str) -> None:
        self.name = name

    def ask(self, system: str, views: Sequence[mevqa.View], requests: Sequence[mevqa.Request]) -> list[mevqa.Reply]:
        """Answer all questions about one clip."""
        return [mevqa.Reply(self._answer(request)) for request in requests]

    def _answer(self, request: mevqa.Request) -> str:
        if request.options:
            return next((word for word in ("negative", "no") if word in request.options), request.options[0])
        text = ""
        while request.grammar is not None and (segments := request.grammar.next(text)) and "" not in segments:
            text += segments[0]
        return text or "nothing is known"


mevqa.register_model("rule", lambda name, options: RuleModel(name))

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run = mevqa.evaluate(sys.argv[1], "rule", media=sys.argv[2], out=folder)
        print(run.to_pandas()[["question_id", "answer", "error"]].to_string())
