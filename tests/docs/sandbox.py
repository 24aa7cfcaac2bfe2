"""A home directory with a tenant of its own: the demo's organisation over HTTP, and an org key for it. Commands run
there as a reader of the documentation would type them, one after another in one shell's environment."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

import terminal

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ["MOLECULE_BIN"]).resolve()
LIMIT = 60
ADMIN = "an-admin-token-of-the-sandbox"


def until_told(process, stream, pattern):
    """What a long-running command says until it says this; it is ended where that takes too long."""
    said = ""
    limit = threading.Timer(LIMIT, process.kill)
    limit.start()
    try:
        for line in stream:
            said += line
            if found := re.search(pattern, said):
                return found
    finally:
        limit.cancel()
    process.wait()
    raise AssertionError(f"it ended with {process.returncode} before it said {pattern!r}:\n{said}")


def end(process):
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        process.stdout.close()


class Sandbox:
    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="molecule-docs-"))
        programs = self.home / ".bin"
        programs.mkdir()
        (programs / "molecule-org-mcp").symlink_to(BINARY)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOLECULE_", "XDG_"))}
        clients = ROOT / "tests/clients/node/node_modules/.bin"
        path = f"{programs}:{clients}:{kept['PATH']}"
        self.env = kept | {"HOME": str(self.home), "PATH": path, "NO_COLOR": "1", "TERM": "xterm"}
        self.tenant = self.url = None
        #: Those that go on until the page ends, and how the last one of them said that it is ready.
        self.serving, self.ready = [], None

    def __enter__(self):
        arguments = ["tenant", "--listen", "127.0.0.1:0", "--admin-token", ADMIN, "--rate-limit", "100000", "--mint-limit", "0"]
        self.tenant = subprocess.Popen(
            ["molecule-org-mcp", *arguments], env=self.env, cwd=self.home, stderr=subprocess.PIPE, text=True
        )
        self.url = until_told(self.tenant, self.tenant.stderr, r"ready (\S+)")[1]
        self.key = self.mint("the sandbox's")
        self.write("org-key", self.key)
        self.env |= {"MOLECULE_URL": self.url, "MOLECULE_ORG_TOKEN_FILE": str(self.home / "org-key")}
        return self

    def __exit__(self, *_):
        for process in self.serving:
            end(process)
        self.tenant.kill()
        self.tenant.wait()
        self.tenant.stderr.close()
        shutil.rmtree(self.home)

    def mint(self, name):
        request = urllib.request.Request(
            f"{self.url}/org/tokens",
            data=json.dumps({"name": name}).encode(),
            headers={"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["auth_token"]

    def write(self, name, text, mode=0o600):
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def run(self, command, answers=None, stdin=None):
        """Exit code and what was said. What the command exports, and where it goes, holds for the next one."""
        state = self.home / ".shell"
        script = f"{command}\ncode=$?\nexport -p > {state}; exit $code"
        script = f"[ -f {state} ] && . {state}; set -o pipefail\n{script}"
        if answers is not None:
            return terminal.run(script, answers, self.env, self.home)
        ended = subprocess.run(
            ["bash", "-c", script],
            env=self.env,
            cwd=self.home,
            input=stdin or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
        )
        return ended.returncode, ended.stdout

    def start(self, command, pattern, stays=False):
        """A command that goes on until it is interrupted: once it has said this, or, if it stays, when the page ends."""
        state = self.home / ".shell"
        script = f"[ -f {state} ] && . {state}; {command}"
        process = subprocess.Popen(
            ["bash", "-c", f"{script}"],
            env=self.env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if stays:
            self.serving.append(process)
            self.ready = until_told(process, process.stdout, pattern)
            return
        try:
            until_told(process, process.stdout, pattern)
        finally:
            end(process)
