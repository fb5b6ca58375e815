"""The Slack edge against a server that answers as Slack documents: what each answer makes us do next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from tests.examples import FETCHED, notification

from presswatch.adapters.slack import CredentialsError, RateLimitedError, UnknownOutcomeError, make_poster
from presswatch.alerter.render import render
from presswatch.core.errors import BadMessageError, ConfigError
from presswatch.local import slack as stand_in
from presswatch.settings import SlackSettings

MESSAGE = render(notification(), FETCHED)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[tuple[stand_in.Workspace, str]]:
    workspace = stand_in.Workspace(tmp_path / "slack.jsonl", per_channel_s=60)
    server = stand_in.serve(workspace)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield workspace, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def bot(address: str, token: str = stand_in.TOKEN) -> SlackSettings:
    return SlackSettings(token=SecretStr(token), api_url=f"{address}/api")


def webhook(address: str, path: str = stand_in.WEBHOOK_PATH) -> SlackSettings:
    return SlackSettings(webhook=SecretStr(address + path))


@pytest.mark.parametrize("settings", [bot, webhook])
def test_a_message_arrives_and_the_next_is_limited(workspace: tuple[stand_in.Workspace, str], settings: Any) -> None:
    kept, address = workspace
    poster = make_poster(settings(address))
    assert poster is not None
    poster.post("#desk", MESSAGE)
    with pytest.raises(RateLimitedError) as limited:
        poster.post("#desk", MESSAGE)
    assert 0 < limited.value.retry_after_s <= 60
    assert len(kept.messages) == 1
    assert orjson.loads(kept.log.read_bytes())["blocks"] == kept.messages[0]["blocks"]


def test_a_bot_finds_its_message_again(workspace: tuple[stand_in.Workspace, str]) -> None:
    _, address = workspace
    poster = make_poster(bot(address))
    assert poster is not None
    assert poster.find("#desk", notification().id, 0) is None
    posted = poster.post("#desk", MESSAGE)
    fresh = make_poster(bot(address))
    assert fresh is not None
    found = fresh.find("#desk", notification().id, 0)
    assert found is not None
    assert found.ts == posted.ts
    assert fresh.find("#desk", "another", 0) is None


def test_a_refused_token_or_webhook_waits_for_a_person_and_is_not_shown(
    workspace: tuple[stand_in.Workspace, str],
) -> None:
    _, address = workspace
    for settings, secret in (
        (bot(address, "xoxb-wrong"), "xoxb-wrong"),
        (webhook(address, "/services/gone"), "/services/gone"),
    ):
        poster = make_poster(settings)
        assert poster is not None
        with pytest.raises(CredentialsError) as refused:
            poster.post("#desk", MESSAGE)
        assert secret not in str(refused.value)
        assert refused.value.__cause__ is None
        assert secret not in repr(settings)


def test_a_message_that_slack_never_takes_is_bad(workspace: tuple[stand_in.Workspace, str]) -> None:
    _, address = workspace
    too_long = {**MESSAGE, "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}
    for settings in (bot(address), webhook(address)):
        poster = make_poster(settings)
        assert poster is not None
        with pytest.raises(BadMessageError) as bad:
            poster.post("#desk", too_long)
        assert bad.value.reason == "slack_invalid_blocks"


class Broken(BaseHTTPRequestHandler):
    """Answers what the path of the test asks for."""

    status = 500

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.status == 0:
            self.connection.close()
            return
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.parametrize("status", [0, 500, 503])
@pytest.mark.parametrize("settings", [bot, webhook])
def test_a_broken_answer_leaves_the_outcome_open(status: int, settings: Any) -> None:
    handler = type("Handler", (Broken,), {"status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    poster = make_poster(settings(f"http://127.0.0.1:{server.server_address[1]}"))
    assert poster is not None
    with pytest.raises(UnknownOutcomeError):
        poster.post("#desk", MESSAGE)
    server.shutdown()
    server.server_close()
    with pytest.raises(UnknownOutcomeError):
        poster.post("#desk", MESSAGE)


def test_one_way_to_slack_at_most() -> None:
    assert make_poster(SlackSettings()) is None
    with pytest.raises(ConfigError, match="both set"):
        make_poster(SlackSettings(token=SecretStr("a"), webhook=SecretStr("b")))
