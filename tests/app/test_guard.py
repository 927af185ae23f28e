"""Access to the page: passwords, allowed host names and addresses, and files that belong to one browser."""

import base64
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mevqa.app.guard import COOKIE
from mevqa.app.server import running
from mevqa.app.settings import AppSettings


@pytest.fixture
def client(page):
    with httpx.Client(base_url=page.address, timeout=30) as opened:
        opened.get("/")
        yield opened


def test_the_page_names_no_other_host_that_a_browser_would_ask(client):
    answer = client.get("/")
    assert answer.status_code == 200 and "default-src 'self'" in answer.headers["content-security-policy"]
    text = answer.text
    for host in ("fonts.googleapis", "cdnjs.cloudflare", "huggingface.co/api/telemetry", "fonts.gstatic"):
        assert host not in text
    assert client.get("/theme.css").status_code == 200


def test_only_names_of_this_machine_are_answered_to(client):
    """A web page elsewhere could reach this one by a name of its own that leads to 127.0.0.1."""
    assert client.get("/", headers={"host": "example.org"}).status_code == 403
    assert client.get("/", headers={"host": "localhost:1"}).status_code == 200
    assert client.get("/", headers={"host": "[::1]:1"}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/gradio_api/openapi.json",
        "/gradio_api/runs",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/call/uploaded/x",
        "/monitoring",
        "/?deep_link=abcdefgh",
        "/docs",
    ],
)
def test_what_the_page_does_not_need_is_not_there(client, address):
    assert client.get(address).status_code == 404


def test_queued_handlers_cannot_be_called_directly(client):
    """Quick handlers are called directly; a direct call of the others would bypass the limit on concurrent work."""
    handlers = {dependency["id"]: dependency["queue"] for dependency in client.get("/config").json()["dependencies"]}
    assert set(handlers.values()) == {True, False}
    for number, queued in handlers.items():
        body = {"data": [], "fn_index": number, "session_hash": "tab-1"}
        answer = client.post("/gradio_api/run/predict", json=body)
        assert ("join the queue" in answer.text) is queued


def test_a_file_is_given_to_the_browser_that_it_belongs_to_and_to_no_other(page, client, tmp_path):
    session = page.state.sessions.of(client.cookies[COOKIE], "tab-1")
    session.folder.mkdir(parents=True)
    mine = session.folder / "answers.csv"
    mine.write_text("mine")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (session.folder / "link.txt").symlink_to(secret)
    files = "/gradio_api/file="
    assert client.get(f"{files}{mine}").text == "mine"
    with httpx.Client(base_url=page.address) as other:
        assert other.get(f"{files}{mine}").status_code == 404
        other.get("/")
        assert other.get(f"{files}{mine}").status_code == 404
        other.cookies.set(COOKIE, "guessed")
        assert other.get(f"{files}{mine}").status_code == 404
    for path in (
        "/etc/passwd",
        str(secret),
        f"{session.folder}/../../../../../etc/passwd",
        f"{session.folder}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        f"{session.folder}/link.txt",
        "answers.csv",
        "https://example.org/",
    ):
        assert client.get(f"{files}{path}").status_code in (403, 404), path
    page.state.sessions.close(client.cookies[COOKIE], "tab-1")
    assert client.get(f"{files}{mine}").status_code == 404


def test_the_stream_of_answers_is_sent_to_its_own_browser_only(page, client):
    """Gradio streams answers to whoever names the hash of the open page's session."""
    stream = "/gradio_api/queue/data?session_hash=mine"
    assert page.state.sessions.claim(client.cookies[COOKIE], "mine")
    with httpx.Client(base_url=page.address) as other:
        other.get("/")
        assert other.get(stream).status_code == 404
        assert other.get("/gradio_api/heartbeat/mine").status_code == 404


def test_uploads_need_an_open_page_and_are_served_to_nobody(page, client):
    files = {"files": ("clip.mp4", b"not a video")}
    with httpx.Client(base_url=page.address) as unknown_client:
        assert unknown_client.post("/gradio_api/upload", files=files).status_code == 403
    uploaded = client.post("/gradio_api/upload", files=files).json()[0]
    assert uploaded.startswith(str(page.state.sessions.root))
    assert client.get(f"/gradio_api/file={uploaded}").status_code == 404


def files_in(page):
    return sorted(path for path in page.state.sessions.root.rglob("*") if path.is_file())


def test_an_upload_that_is_broken_off_leaves_nothing(page, client):
    before = files_in(page)
    begin = b'--x\r\nContent-Disposition: form-data; name="files"; filename="clip.mp4"\r\n\r\n' + bytes(100_000)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}={client.cookies[COOKIE]}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n"
    )
    address = urlsplit(page.address)
    with socket.create_connection((address.hostname, address.port), timeout=30) as sent:
        sent.sendall(head.encode() + begin)
        wait_for(lambda: files_in(page) != before)
    wait_for(lambda: files_in(page) == before)


def test_an_upload_that_was_never_opened_goes_with_the_last_page_of_its_browser(page, client):
    sessions, owner = page.state.sessions, client.cookies[COOKIE]
    assert sessions.claim(owner, "first") and sessions.claim(owner, "second")
    uploaded = Path(client.post("/gradio_api/upload", files={"files": ("clip.mp4", b"never opened")}).json()[0])
    sessions.close(owner, "first")
    assert uploaded.is_file()
    sessions.close(owner, "second")
    assert not uploaded.exists()


def wait_for(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_file_that_is_too_large_is_refused(client):
    answer = client.post("/gradio_api/upload", files={"files": ("clip.mp4", bytes(2_000_001))})
    assert answer.status_code == 413


def test_uploads_of_all_browsers_together_are_bounded(page, client, monkeypatch):
    uploads, small = page.state.sessions.uploads, {"files": ("clip.mp4", b"never opened")}
    monkeypatch.setattr("mevqa.app.sessions.uploads.MOST_UPLOADS", 2)
    with uploads.under_way() as first, uploads.under_way() as second, uploads.under_way() as third:
        assert first and second and not third
        refused = client.post("/gradio_api/upload", files=small)
        assert refused.status_code == 429
        assert refused.text == "too many videos are being uploaded here; try again in a minute"
    sent = [{"files": (f"{name}.mp4", name.encode())} for name in "abc"]
    waiting = [Path(client.post("/gradio_api/upload", files=files).json()[0]) for files in sent]
    assert [path.exists() for path in waiting] == [False, True, True]
    uploads.discard_all(client.cookies[COOKIE])


def test_many_files_at_once_are_no_way_around_the_size_of_one(page, client):
    before = files_in(page)
    form = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="%d.mp4"\r\n\r\n%s\r\n' % (i, bytes(1_000_000))
        for i in range(4)
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    try:
        answer = client.post("/gradio_api/upload", content=form + b"--x--\r\n", headers=kind)
    except httpx.HTTPError:
        pass  # The connection is closed.
    else:
        assert answer.status_code >= 400
    wait_for(lambda: files_in(page) == before)


def test_an_open_page_needs_the_password_for_everything():
    with running(AppSettings(model="mock", host="0.0.0.0", port=0, password="o:pän sesame")) as served:
        address = served.address.replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=address) as client:
            for path in ("/", "/config", "/gradio_api/queue/data?session_hash=x", "/assets/x.js", "/theme.css"):
                assert client.get(path).status_code == 401, path
            for password in ("wrong", "", "o:pän"):
                assert client.get("/", headers=basic(password)).status_code == 401
            assert client.get("/", headers={"authorization": "Basic %%%"}).status_code == 401
            assert client.get("/", headers=basic("o:pän sesame")).status_code == 200


def basic(password):
    return {"authorization": "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()}
