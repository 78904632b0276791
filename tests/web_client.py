"""A small client of the page's server, as plain as HTTP is."""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus
from typing import Any, NamedTuple

PATIENCE_SECONDS = 30.0


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        return json.loads(self.body)


class Browser:
    """Keeps cookies, and says where it comes from as browsers do."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def open(self) -> Browser:
        """Load the page, which gives a cookie."""
        assert self.get("/").status == 200
        return self

    def answers(self) -> bool:
        """Whether anybody serves there."""
        try:
            return self.get("/api/about").status == HTTPStatus.OK
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> Got:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Got:
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        mine = {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        return self.send("POST", path, encoded, **{**mine, **headers})

    def command(self, name: str, argument: str = "") -> Got:
        return self.post("/api/command", {"command": name, "argument": argument})

    def enter(self, pin: str) -> Got:
        return self.post("/api/staff/enter", {"pin": pin})

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> Got:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        given = answer.headers.get_all("set-cookie") or []
        for cookie in given:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Got(answer.status, lower, given, content)
