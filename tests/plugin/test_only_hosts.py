"""An Airflow without a login answers its own machine's names alone."""

from __future__ import annotations

import asyncio
import importlib

import pytest

from refinery import plugin as plugin_module

HOSTS = "localhost,127.0.0.1,::1"


@pytest.fixture
def plugin(monkeypatch):
    def plugin(hosts):
        if hosts is None:
            monkeypatch.delenv("REFINERY_ONLY_HOSTS", raising=False)
        else:
            monkeypatch.setenv("REFINERY_ONLY_HOSTS", hosts)
        return importlib.reload(plugin_module).RefineryPlugin

    return plugin


def answer(plugin, headers, kind="http"):
    """Send one request through the plugin's middleware, and return what comes back."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "the application's"})

    async def send(message):
        sent.append(message)

    [entry] = plugin.fastapi_root_middlewares
    middleware = entry["middleware"](app, **entry["kwargs"])
    scope = {"type": kind, "headers": [(b"host", header) for header in headers]}
    asyncio.run(middleware(scope, None, send))
    return sent


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        (b"localhost", True),
        (b"localhost:8080", True),
        (b"LOCALHOST:8080", True),
        (b"127.0.0.1:5", True),
        (b"[::1]:8080", True),
        (b"[::1]", True),
        (b"evil.example", False),
        (b"evil.example:8080", False),
        (b"localhost.evil.example", False),
        (b"evil-localhost", False),
        (b"localhost@evil.example", False),
        (b"evil.example@localhost", False),
        (b"localhost#evil.example", False),
        (b"localhost/evil.example", False),
        (b"localhost:evil", False),
        (b"localhost\tevil.example", False),
        (b"127.0.0.1.evil.example:8080", False),
        (b"[::1", False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_foreign_host_is_refused(plugin, host, is_ours, kind):
    first, *_ = answer(plugin(HOSTS), [host], kind)
    if is_ours:
        assert first == {"type": "the application's"}
    elif kind == "http":
        assert first["status"] == 421
    else:
        assert first == {"type": "websocket.close", "code": 1008}


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"evil.example"]])
def test_a_request_names_one_host(plugin, hosts):
    assert answer(plugin(HOSTS), hosts)[0]["status"] == 421


def test_the_refusal_says_how_to_use_another_name(plugin):
    body = answer(plugin(HOSTS), [b"my.machine"])[1]["body"].decode()
    assert "start it with REFINERY_ONLY_HOSTS=localhost,NAME" in body
    assert answer(plugin("localhost,my.machine"), [b"my.machine"]) == [{"type": "the application's"}]


def test_elsewhere_nothing_is_added(plugin):
    assert plugin(None).fastapi_root_middlewares == []
