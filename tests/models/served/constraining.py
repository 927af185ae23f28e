"""A small chat endpoint around a model of this process that constrains choices and tells log-probabilities.

`transformers serve` does neither. What this one writes and tells comes from the model's own logits; the names of
parameters and the refusals are those of vLLM before 0.11 (``guided_choice``), or of hosts with JSON schemas only.
"""

from __future__ import annotations

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch
from PIL import Image

_KNOWN = {"model", "messages", "max_tokens", "temperature", "logprobs", "top_logprobs"}


class Refused(Exception):
    """A request with a parameter that the endpoint does not take."""


class ConstrainingServer:
    """The endpoint; a context manager.

    Args:
        model: A loaded model of transformers (``TransformersModel``).
        choice: Parameter that constrains a choice: ``guided_choice``, ``response_format``, or none.
        most: Most likeliest tokens that are told; 0 for none.
    """

    def __init__(self, model: Any, *, choice: str = "", most: int = 0) -> None:
        self._model, self._processor = model.model, model.processor
        self._choice, self._most = choice, most
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.requests.append(request)
                try:
                    status, content = 200, owner.answer(request)
                except Refused as error:
                    status, content = 400, {"error": {"message": f"unknown parameter {error}"}}
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Print nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> ConstrainingServer:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if unknown := set(request) - _KNOWN - {self._choice}:
            raise Refused(sorted(unknown)[0])
        if request.get("top_logprobs", 0) > self._most:
            raise Refused("top_logprobs")
        with self._lock, torch.inference_mode():
            return self._write(request)

    def _write(self, request: dict[str, Any]) -> dict[str, Any]:
        words = self._processor.tokenizer
        inputs = self._inputs(request["messages"])
        allowed = [
            [*words(text, add_special_tokens=False)["input_ids"], words.eos_token_id] for text in _texts(request)
        ]
        prompt, written, token_logprobs = inputs["input_ids"], [], []
        while len(written) < request["max_tokens"]:
            ids = torch.cat([prompt, torch.tensor([written], dtype=prompt.dtype)], dim=1)
            pictures = {key: value for key, value in inputs.items() if key not in ("input_ids", "attention_mask")}
            scores = self._model(input_ids=ids, attention_mask=torch.ones_like(ids), **pictures).logits[0, -1].float()
            logprobs = scores.log_softmax(-1)
            going = sorted({path[len(written)] for path in allowed if path[: len(written)] == written})
            token = int(logprobs.argmax()) if not allowed else max(going, key=lambda i: float(logprobs[i]))
            if token == words.eos_token_id:
                break
            written.append(token)
            if request.get("logprobs"):
                best = logprobs.topk(request["top_logprobs"])
                top = [{"token": words.decode([i]), "logprob": float(v)} for v, i in zip(*best, strict=True)]
                entry = {"token": words.decode([token]), "logprob": float(logprobs[token])}
                token_logprobs.append({**entry, "top_logprobs": top})
        ended = len(written) < request["max_tokens"]
        choice = {"index": 0, "finish_reason": "stop" if ended else "length", "logprobs": {"content": token_logprobs}}
        choice["message"] = {"role": "assistant", "content": words.decode(written)}
        usage = {"prompt_tokens": prompt.shape[1], "completion_tokens": len(written)}
        return {"id": "1", "object": "chat.completion", "model": "small-1", "choices": [choice], "usage": usage}

    def _inputs(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        for message in messages:
            parts = message["content"]
            parts = [{"type": "text", "text": parts}] if isinstance(parts, str) else parts
            message["content"] = [_part(part) for part in parts]
        return dict(
            self._processor.apply_chat_template(
                messages, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
            )
        )


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return part
    data = base64.b64decode(part["image_url"]["url"].partition("base64,")[2])
    return {"type": "image", "image": Image.open(io.BytesIO(data))}


def _texts(request: dict[str, Any]) -> list[str]:
    if "guided_choice" in request:
        return list(request["guided_choice"])
    if "response_format" in request:
        answer = request["response_format"]["json_schema"]["schema"]["properties"]["answer"]
        return [json.dumps({"answer": text}) for text in answer.get("enum", ())]
    return []
