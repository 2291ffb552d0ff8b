"""Where Airflow serves its pages, and ours."""

from __future__ import annotations

from airflow.configuration import conf

from refinery.web.mount import URL_PREFIX


def ui_url(path: str) -> str:
    """Return the URL of a page of Airflow's own, from the root of its host."""
    root = str(conf.get("api", "base_url", fallback="/") or "/")
    _, _, below = root.partition("://")
    above = f"/{below.partition('/')[2]}" if below else root
    return f"{above.rstrip('/')}/{path.lstrip('/')}"


def pages_url() -> str:
    """Return the path of Refinery's pages on this host."""
    return ui_url(URL_PREFIX)
