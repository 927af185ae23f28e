"""Rendering of chat templates, also of those that do not end."""

from __future__ import annotations

import sys

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from mevqa.errors import ModelError
from mevqa.models.transformers.prompts import conversation


class Processor:
    def __init__(self, template):
        self.template = template

    def apply_chat_template(self, conversation, tokenize, **switches):
        return render_jinja_template([conversation], chat_template=self.template)[0][0]


@pytest.mark.parametrize(
    ("template", "seconds", "message"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", 0.2, "does not end"),
        ("{{ 'a' * 20000000 }}", 60.0, "20000000 characters"),
    ],
)
def test_a_template_that_does_not_end_is_an_error(template, seconds, message, monkeypatch):
    monkeypatch.setattr(conversation, "_MOST_SECONDS", seconds)
    with pytest.raises(ModelError, match=message):
        conversation.render(Processor(template), [{"role": "user", "content": "a"}])


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a process is told by Linux alone")
def test_a_template_that_fills_the_memory_is_an_error():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(ModelError, match="takes more memory"):
        conversation.render(Processor("{{ 'a' * 10**9 }}"), [{"role": "user", "content": "a"}])
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_usual_template_is_rendered():
    rendered = conversation.render(Processor("{{ messages[0].content }}"), [{"role": "user", "content": "a"}])
    assert rendered == "a"
