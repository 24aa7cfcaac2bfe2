"""npm's packages, installed by npm: what is started is the program, and nothing stands between it and its client."""

import json
import os
import signal
import subprocess
import unittest
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from support import HERE, NAME, ROOT, VERSION, environment, greeted, light, made, run, scratch

SCOPED = f"@molecule-ai/{NAME}"


@cache
def installed():
    """Both packages, without a look at any registry."""
    home = scratch()
    (home / "package.json").write_text('{ "private": true }')
    packages = [made(f"molecule-ai-{NAME}-{VERSION}.tgz"), made(f"molecule-ai-{NAME}-{HERE.npm}-{VERSION}.tgz")]
    run("npm", "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=home)
    return home


def launcher():
    return installed() / "node_modules/.bin" / NAME


def manifest(package):
    return json.loads((installed() / "node_modules" / package / "package.json").read_text())


class Npm(unittest.TestCase):
    def test_npx_runs_the_program(self):
        self.assertEqual(run("npx", "--offline", NAME, "--version", cwd=installed()).strip(), f"{NAME} {VERSION}")
        serving = greeted(["npx", "--offline", "--prefix", installed(), NAME, "stdio", "--embedded"])
        self.assertEqual(serving, {**serving, "name": NAME, "version": VERSION})

    def test_packages_know_each_other_and_the_registry_knows_them(self):
        main = manifest(SCOPED)
        server = json.loads((ROOT / "packaging/registry/server.json").read_text())
        self.assertEqual(main["mcpName"], server["name"])
        self.assertEqual(main["name"], next(p["identifier"] for p in server["packages"] if p["registryType"] == "npm"))
        self.assertEqual(set(main["optionalDependencies"].values()), {VERSION})
        self.assertEqual(len(main["optionalDependencies"]), 5)
        carrier = f"{SCOPED}-{HERE.npm}"
        self.assertIn(carrier, main["optionalDependencies"])
        for package in (main, manifest(carrier)):
            self.assertNotIn("scripts", package, "nothing runs when it is installed")
            self.assertEqual((package["version"], package["license"]), (VERSION, "Apache-2.0"))

    def test_npm_itself_would_pack_the_same_files(self):
        main, carrier = sorted((installed() / "node_modules/@molecule-ai").iterdir())
        for package in (main, light(carrier, f"bin/{NAME}")):
            packed = json.loads(run("npm", "pack", "--dry-run", "--json", cwd=package))
            packed = packed[0] if isinstance(packed, list) else next(iter(packed.values()))
            there = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
            self.assertEqual({file["path"] for file in packed["files"]}, there)

    def test_it_ends_as_the_program_ends(self):
        for arguments, code in [(["--version"], 0), (["call", "--embedded", "no_such_tool"], 2), (["--red-only"], 2)]:
            done = subprocess.run([launcher(), *arguments], env=quiet(), capture_output=True)
            self.assertEqual(done.returncode, code, done.stderr)

    def test_a_signal_goes_on_to_the_program(self):
        for asked in (signal.SIGTERM, signal.SIGINT):
            with serving() as wrapper:
                wrapper.send_signal(asked)
                self.assertEqual(wrapper.wait(timeout=10), 0, "it ended as it does by itself")

    def test_a_killed_program_is_told_as_it_was(self):
        with serving() as wrapper:
            children = Path(f"/proc/{wrapper.pid}/task/{wrapper.pid}/children").read_text().split()
            self.assertEqual(len(children), 1)
            os.kill(int(children[0]), signal.SIGKILL)
            self.assertEqual(wrapper.wait(timeout=10), -signal.SIGKILL)

    def test_without_its_carrier_it_says_what_to_do(self):
        home = scratch()
        (home / "package.json").write_text('{ "private": true }')
        main = made(f"molecule-ai-{NAME}-{VERSION}.tgz")
        run("npm", "install", "--offline", "--no-audit", "--no-fund", "--omit=optional", main, cwd=home)
        done = subprocess.run([home / "node_modules/.bin" / NAME], env=quiet(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--omit=optional", done.stderr)


def quiet():
    return environment(MOLECULE_MCP_DATA=str(scratch()))


@contextmanager
def serving():
    """The program behind its launcher, once it answers."""
    command = [launcher(), "http", "--embedded", "--listen", "127.0.0.1:0"]
    wrapper = subprocess.Popen(command, env=quiet(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with wrapper:
        try:
            if not any(line.startswith("ready ") for line in wrapper.stderr):
                raise AssertionError("it ended before it was ready")
            yield wrapper
        finally:
            # Nothing is left behind by a test that failed.
            wrapper.terminate()


if __name__ == "__main__":
    unittest.main()
