"""A real rust-analyzer, opened and closed as an editor does: https://microsoft.github.io/language-server-protocol/."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["check_on_save"]


def check_on_save(project: Path, settings: dict[str, Any], environ: dict[str, str]) -> None:
    """Open ``project`` with ``settings`` (without their prefix), save a file, and wait until everything is checked."""
    command = ["rust-analyzer"]
    with subprocess.Popen(command, cwd=project, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        session = _Session(server)
        folder, file = project.as_uri(), project / "src" / "lib.rs"
        abilities = {
            "window": {"workDoneProgress": True},
            "experimental": {"serverStatusNotification": True},
        }
        opening = {"processId": None, "rootUri": folder, "capabilities": abilities, "initializationOptions": settings}
        session.send("initialize", opening, number=1)
        while "result" not in session.receive():
            pass
        session.send("initialized", {})
        while not session.receive().get("params", {}).get("quiescent"):
            pass
        document = {"uri": file.as_uri(), "languageId": "rust", "version": 1, "text": file.read_text()}
        session.send("textDocument/didOpen", {"textDocument": document})
        session.send("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
        while not _ends_a_check(session.receive()):
            pass
        session.send("shutdown", None, number=2)
        while session.receive().get("id") != 2:
            pass
        session.send("exit", None)


class _Session:
    """Messages to and from a server's standard streams."""

    def __init__(self, server: subprocess.Popen[bytes]) -> None:
        assert server.stdin is not None
        assert server.stdout is not None
        self.stdin, self.stdout = server.stdin, server.stdout

    def send(self, method: str, params: object, number: int | None = None) -> None:
        self._write({"method": method, "params": params, **({} if number is None else {"id": number})})

    def receive(self) -> dict[str, Any]:
        """The next message; the server's own requests get an empty answer."""
        length = 0
        while True:
            line = self.stdout.readline()
            assert line, "rust-analyzer ended"
            if line == b"\r\n":
                break
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.stdout.read(length))
        if "method" in message and "id" in message:
            self._write({"id": message["id"], "result": None})
        return message

    def _write(self, message: dict[str, object]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self.stdin.flush()


def _ends_a_check(message: dict[str, Any]) -> bool:
    if message.get("method") != "$/progress":
        return False
    return "flycheck" in str(message["params"]["token"]) and message["params"]["value"]["kind"] == "end"
