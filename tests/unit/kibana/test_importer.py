"""The import into Kibana, against a server that answers as Kibana's documentation says."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from presswatch.commands.setup import command
from presswatch.core.errors import ConfigError, RetryableError
from presswatch.kibana.importer import import_objects
from presswatch.kibana.objects import ndjson, saved_objects
from presswatch.settings import KibanaSettings

CONTENT = ndjson(saved_objects("", ["health"]))


class Kibana(BaseHTTPRequestHandler):
    """Takes an import: objects are kept by type and id; a reference to an object that nobody has is refused."""

    kept: ClassVar[dict[tuple[str, str], Any]] = {}
    status: ClassVar[list[int]] = []
    """Answers to give before it takes anything."""
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if self.status:
            self._answer(self.status.pop(0), {"message": "no"})
        elif "kbn-xsrf" not in self.headers:
            self._answer(400, {"message": "Request must contain a kbn-xsrf header."})
        else:
            self._answer(200, self._take(self._file(body)))

    def _file(self, body: bytes) -> str:
        boundary = re.search(r"boundary=(\S+)", self.headers["Content-Type"])
        assert boundary
        head, _, content = body.split(b"--" + boundary[1].encode())[1].partition(b"\r\n\r\n")
        assert b'name="file"' in head
        assert re.search(rb'filename="[^"]+\.ndjson"', head)
        return content.removesuffix(b"\r\n").decode()

    def _take(self, content: str) -> dict[str, Any]:
        objects = [json.loads(line) for line in content.splitlines()]
        there = {*self.kept, *((one["type"], one["id"]) for one in objects)}
        taken, errors = [], []
        for one in objects:
            missing = [ref for ref in one["references"] if (ref["type"], ref["id"]) not in there]
            if missing:
                errors.append({**_key(one), "error": {"type": "missing_references", "references": missing}})
            else:
                self.kept[one["type"], one["id"]] = one
                taken.append(_key(one))
        return {"success": not errors, "successCount": len(taken), "successResults": taken, "errors": errors}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing on stderr."""


def _key(one: dict[str, Any]) -> dict[str, str]:
    return {"type": one["type"], "id": one["id"]}


@pytest.fixture
def kibana() -> Iterator[str]:
    Kibana.kept.clear()
    Kibana.status.clear()
    Kibana.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Kibana) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_all_objects_arrive_and_a_second_import_renews_them(kibana: str) -> None:
    first = import_objects(KibanaSettings(url=kibana), CONTENT)
    assert first == Counter(one["type"] for one in map(json.loads, CONTENT.splitlines()))
    assert import_objects(KibanaSettings(url=kibana), CONTENT) == first
    assert list(Kibana.kept.values()) == [json.loads(line) for line in CONTENT.splitlines()]
    assert [path for path, _ in Kibana.seen] == ["/api/saved_objects/_import?overwrite=true"] * 2


def test_a_space_and_credentials_go_along(kibana: str) -> None:
    import_objects(KibanaSettings(url=kibana, space="news", api_key=SecretStr("abc")), CONTENT)
    import_objects(KibanaSettings(url=kibana, username="ann", password=SecretStr("pw")), CONTENT)
    (path, first), (_, second) = Kibana.seen
    assert path.startswith("/s/news/api/")
    assert first["authorization"] == "ApiKey abc"
    assert second["authorization"] == "Basic " + base64.b64encode(b"ann:pw").decode()


def test_an_object_that_kibana_refuses_is_named(kibana: str) -> None:
    without_views = "".join(
        line + "\n" for line in CONTENT.splitlines() if "index-pattern" not in line.split('"type":')[-1]
    )
    with pytest.raises(ConfigError, match=r"refused: search presswatch-search-all: missing_references \(index-pattern"):
        import_objects(KibanaSettings(url=kibana), without_views)


def test_a_kibana_that_starts_is_asked_again(kibana: str) -> None:
    Kibana.status[:] = [503]
    assert import_objects(KibanaSettings(url=kibana), CONTENT)
    assert len(Kibana.seen) == 2


@pytest.mark.parametrize(
    ("status", "text"),
    [(401, "kibana.api_key"), (403, "manage saved objects"), (404, "no Kibana that takes our import")],
)
def test_refusals_say_what_to_mend(kibana: str, status: int, text: str) -> None:
    Kibana.status[:] = [status]
    with pytest.raises(ConfigError, match=text):
        import_objects(KibanaSettings(url=kibana), CONTENT)


def test_no_kibana_there_can_be_tried_again() -> None:
    with pytest.raises(RetryableError, match="cannot be reached"):
        import_objects(KibanaSettings(url="http://127.0.0.1:1", timeout_s=2), CONTENT)


def test_the_command_imports_writes_a_file_and_asks_for_the_address(kibana: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["kibana", "--url", kibana], catch_exceptions=False)
    assert "imported 1 of type dashboard" in done.output
    file = tmp_path / "objects.ndjson"
    CliRunner().invoke(command, ["kibana", "--write", str(file)], catch_exceptions=False)
    assert {(one["type"], one["id"]) for one in map(json.loads, file.read_text().splitlines())} == set(Kibana.kept)
    with pytest.raises(ConfigError, match="--url"):
        CliRunner().invoke(command, ["kibana"], catch_exceptions=False)
