"""server.json, as it is committed and as a release writes it: in the registry's form, and true of this program."""

import hashlib
import json
import subprocess
import unittest
from pathlib import Path

from jsonschema import Draft7Validator

from support import BASE_URL, BINARY, IMAGE, ROOT, environment, released, scratch

import registry

SCHEMA = json.loads(Path(__file__).with_name("server.schema.json").read_text())
COMMITTED = json.loads((ROOT / "packaging/registry/server.json").read_text())


def of_kind(server, kind):
    return [package for package in server["packages"] if package["registryType"] == kind]


def mistakes(server):
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(server)]


def starts(**variables):
    """Whether the server takes these variables, all else being well."""
    variables = {"MOLECULE_MCP_DATA": str(scratch())} | variables
    command = [BINARY, "tools", "--json"]
    return subprocess.run(command, env=environment(**variables), capture_output=True).returncode == 0


class Registry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = json.loads((released() / "server.json").read_text())

    def test_both_are_in_the_registrys_form(self):
        Draft7Validator.check_schema(SCHEMA)
        self.assertEqual(mistakes(COMMITTED), [])
        self.assertEqual(mistakes(self.server), [])
        # The form finds what is wrong.
        self.assertTrue(mistakes(COMMITTED | {"description": "x" * 101}))
        self.assertTrue(mistakes(COMMITTED | {"name": "no-namespace"}))
        npm = COMMITTED["packages"][0]
        self.assertTrue(mistakes(COMMITTED | {"packages": [npm, npm | {"registryType": "mcpb"}]}))

    def test_a_release_adds_its_bundles_and_its_image(self):
        self.assertEqual([p["registryType"] for p in COMMITTED["packages"]], ["npm", "pypi"])
        bundles = sorted(released().glob("*.mcpb"))
        kinds = ["npm", "pypi", *["mcpb" for _ in bundles], "oci"]
        self.assertEqual([p["registryType"] for p in self.server["packages"]], kinds)
        for listed, bundle in zip(of_kind(self.server, "mcpb"), bundles, strict=True):
            self.assertEqual(listed["identifier"], f"{BASE_URL}/{bundle.name}")
            self.assertEqual(listed["fileSha256"], hashlib.sha256(bundle.read_bytes()).hexdigest())
        self.assertEqual(of_kind(self.server, "oci")[0]["identifier"], IMAGE)

    def test_what_a_release_isnt_told_it_doesnt_list(self):
        self.assertEqual(json.loads(registry.make({}, None, None)["server.json"]), COMMITTED)

    def test_every_package_asks_for_the_same(self):
        (oci,) = of_kind(self.server, "oci")
        whole = COMMITTED["packages"][0]["environmentVariables"]
        for package in self.server["packages"]:
            if package is not oci:
                self.assertEqual(package["environmentVariables"], whole, package["registryType"])
        self.assertFalse([v for v in oci["environmentVariables"] if v.get("format") == "filepath"])
        self.assertIn("target=/data", oci["runtimeArguments"][0]["value"], "the journal outlives the container")

    def test_the_server_knows_every_variable_and_value(self):
        """A name of ours that isn't known stops the start; so does a value."""
        variables = {v["name"]: v for v in COMMITTED["packages"][0]["environmentVariables"]}
        self.assertFalse(starts(MOLECULE_MCP_NOT_OURS="1"))
        self.assertTrue(starts(**{name: "" for name in variables}), "what a client leaves empty is as good as not set")
        for name, variable in variables.items():
            for value in [*variable.get("choices", []), *filter(None, [variable.get("default")])]:
                self.assertTrue(starts(**{name: value}), f"{name}={value}")
        self.assertFalse(starts(MOLECULE_MCP_SURFACE="another"))

    def test_the_key_is_a_secret_and_nothing_else_is(self):
        secret = [v["name"] for v in COMMITTED["packages"][0]["environmentVariables"] if v.get("isSecret")]
        self.assertEqual(secret, ["MOLECULE_ORG_TOKEN"])


if __name__ == "__main__":
    unittest.main()
