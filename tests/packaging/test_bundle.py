"""The .mcpb, with the official tool: its own check, its own unpacking, and the command line that it makes of the
manifest and of what a person fills in."""

import json
import os
import unittest
from functools import cache
from pathlib import Path

from support import BINARY, HERE, NAME, VERSION, environment, greeted, light, made, run, scratch

TOOLS = Path(__file__).resolve().parent
MCPB = TOOLS / "node_modules/.bin/mcpb"
# What a host does: it takes defaults where a person leaves something out.
CONFIGURE = """
import { readFileSync } from 'node:fs';
import { getMcpConfigForManifest } from '@anthropic-ai/mcpb/node';
const { path, userConfig } = JSON.parse(readFileSync(0, 'utf8'));
const manifest = JSON.parse(readFileSync(`${path}/manifest.json`, 'utf8'));
const options = { manifest, extensionPath: path, systemDirs: {}, userConfig, pathSeparator: '/' };
console.log(JSON.stringify((await getMcpConfigForManifest(options)) ?? null));
"""


@cache
def opened():
    into = scratch() / "bundle"
    run(MCPB, "unpack", made(f"*-{HERE.archive}.mcpb"), into)
    return into


def configured(**filled_in):
    given = json.dumps({"path": str(opened()), "userConfig": filled_in})
    return json.loads(run("node", "--input-type=module", "--eval", CONFIGURE, cwd=TOOLS, input=given))


def files(directory):
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


class Bundle(unittest.TestCase):
    def test_the_official_tool_finds_it_valid_and_packs_the_same(self):
        run(MCPB, "validate", opened() / "manifest.json")
        home, bundle = scratch(), light(opened(), f"server/{NAME}")
        run(MCPB, "pack", bundle, home / "again.mcpb")
        run(MCPB, "unpack", home / "again.mcpb", home / "again")
        self.assertEqual(files(home / "again"), files(bundle))

    def test_what_a_host_starts_from_it_answers(self):
        key = scratch() / "key"
        key.write_text("k" * 43)
        config = configured(org="acme", org_key_file=str(key))
        variables = config["env"]
        self.assertEqual(variables.pop("MOLECULE_ORG"), "acme")
        # Nobody is asked over the network by a test.
        variables["MOLECULE_URL"] = "http://127.0.0.1:9"
        serving = greeted([config["command"], *config["args"]], **variables)
        self.assertEqual((serving["name"], serving["version"]), (NAME, VERSION))

    def test_what_nobody_filled_in_is_set_to_nothing_and_never_to_a_placeholder(self):
        config = configured(org="acme", org_key_file="/key")
        self.assertEqual(
            config["env"],
            {
                "MOLECULE_ORG": "acme",
                "MOLECULE_ORG_ID": "",
                "MOLECULE_ORG_TOKEN_FILE": "/key",
                "MOLECULE_MCP_READ_ONLY": "false",
                "MOLECULE_MCP_SURFACE": "compact",
            },
        )
        chosen = configured(org="acme", org_key_file="/key", read_only=True, surface="full", org_id="7")["env"]
        self.assertEqual(
            (chosen["MOLECULE_MCP_READ_ONLY"], chosen["MOLECULE_MCP_SURFACE"], chosen["MOLECULE_ORG_ID"]),
            ("true", "full", "7"),
        )
        self.assertIsNone(configured(org="acme"), "nothing starts without a key")

    def test_it_lists_what_a_client_is_shown_at_first(self):
        manifest = json.loads((opened() / "manifest.json").read_text())
        listed = json.loads(run(BINARY, "tools", "--json", env=environment(MOLECULE_MCP_DATA=str(scratch()))))["tools"]
        self.assertEqual([tool["name"] for tool in manifest["tools"]], [tool["name"] for tool in listed])
        self.assertTrue(manifest["tools_generated"], "there are more behind them")
        self.assertEqual((manifest["name"], manifest["version"]), (NAME, VERSION))

    def test_the_key_is_named_by_its_file(self):
        asked = json.loads((opened() / "manifest.json").read_text())["user_config"]
        self.assertEqual({name: option["type"] for name, option in asked.items()}["org_key_file"], "file")
        self.assertFalse([name for name, option in asked.items() if option.get("sensitive")], "no secret is typed in")
        self.assertTrue(os.access(opened() / "server" / NAME, os.X_OK))


if __name__ == "__main__":
    unittest.main()
