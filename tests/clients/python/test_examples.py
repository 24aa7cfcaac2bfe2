"""What the examples say is so: they run, and the server takes what they configure."""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

from server import BINARY, clean_environment

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
CLIENTS = ROOT / "docs" / "clients.md"


def run(*command, **environment):
    with tempfile.TemporaryDirectory() as data:
        env = clean_environment() | {"MOLECULE_MCP_DATA": data} | environment
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def blocks(language):
    text = CLIENTS.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


class Examples(unittest.TestCase):
    def test_the_stdio_client_administers_a_little(self):
        ended = run(sys.executable, str(EXAMPLES / "stdio_client.py"), BINARY)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("MCP 2026-07-28", ended.stdout)
        self.assertIn("- Archivist (keeps the minutes)", ended.stdout)
        self.assertIn("INVALID_INPUT: ", ended.stdout)

    def test_the_configuration_file_is_taken(self):
        ended = run(BINARY, "tools", "--config", str(EXAMPLES / "config.toml"))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("list_workspaces", ended.stdout)
        # It chooses groups, and so it must show.
        self.assertNotIn("mint_org_key", ended.stdout)

    def test_so_it_is_with_what_is_commented_out(self):
        text = (EXAMPLES / "config.toml").read_text(encoding="utf-8")
        text = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
        self.assertEqual({"url", "org_id", "data", "policy"} - tomllib.loads(text).keys(), set())
        policy = EXAMPLES / "policy.toml"
        # Some systems let a checkout be written to by the group, which no policy file may be.
        policy.chmod(0o644)
        text = text.replace("/etc/molecule-org-mcp/policy.toml", str(policy))
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            ended = run(BINARY, "tools", "--config", file.name)
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_what_clients_are_told_to_start_exists(self):
        found = [json.loads(block) for block in blocks("json")] + [tomllib.loads(block) for block in blocks("toml")]
        self.assertGreaterEqual(len(found), 6)
        for settings in found:
            (servers,) = settings.values()
            server = servers["molecule"]
            if "url" in server:
                continue
            self.assertEqual((server["command"], server["args"]), ("molecule-org-mcp", ["stdio"]))
            ended = run(BINARY, "tools", **server["env"])
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertEqual(run(BINARY, *server["args"], "--help").returncode, 0)

    def test_the_variables_in_the_text_are_known(self):
        text = CLIENTS.read_text(encoding="utf-8")
        named = dict(re.findall(r'"(MOLECULE_MCP_\w+)": "([^"]+)"', text))
        self.assertEqual(len(named), 2)
        ended = run(BINARY, "tools", **named)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertNotIn("create_workspace", ended.stdout)


if __name__ == "__main__":
    unittest.main()
