"""The image's Dockerfile: a linter's opinion, and what it promises, read from it. It isn't built here."""

import fnmatch
import re
import sys
import tomllib
import unittest
from pathlib import Path

from support import ROOT, run

DOCKERFILE = ROOT / "packaging/oci/Dockerfile"


def instructions():
    """Each as its name and its text, lines joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text()).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def of(name, part):
    return [text for word, text in part if word == name]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        every = instructions()
        last = max(index for index, (word, _) in enumerate(every) if word == "FROM")
        cls.building, cls.final = every[:last], every[last:]
        cls.package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]

    def test_the_linter_has_nothing_to_say(self):
        hadolint = Path(sys.executable).with_name("hadolint")
        self.assertEqual(run(hadolint, "--no-color", DOCKERFILE), "")

    def test_nothing_is_in_it_but_the_program_and_what_it_needs(self):
        self.assertEqual(of("FROM", self.final), ["scratch"])
        self.assertEqual(of("RUN", self.final), [])
        into = [text.split()[-1] for text in of("COPY", self.final)]
        program, authorities = "/usr/local/bin/molecule-org-mcp", "/etc/ssl/certs/ca-certificates.crt"
        self.assertEqual(set(into), {program, authorities, "/data", "/LICENSE"})
        self.assertEqual(of("ENTRYPOINT", self.final), [f'["{program}"]'])

    def test_it_runs_as_nobody_and_writes_to_its_volume_alone(self):
        (user,) = of("USER", self.final)
        self.assertRegex(user, r"^[1-9]\d*:[1-9]\d*$")
        self.assertTrue(any(f"--chown={user}" in text and text.endswith(" /data") for text in of("COPY", self.final)))
        self.assertEqual(of("VOLUME", self.final), ['["/data"]'])
        self.assertIn("MOLECULE_MCP_DATA=/data", " ".join(of("ENV", self.final)))

    def test_what_it_is_built_with_is_pinned_and_new_enough(self):
        tag = dict(text.split("=") for text in of("ARG", self.building) if "=" in text)["RUST"]
        version = re.fullmatch(r"(\d+)\.(\d+)\.\d+-alpine\d+\.\d+", tag)
        self.assertTrue(version, f"{tag} can mean another thing tomorrow")
        least = tuple(map(int, self.package["rust-version"].split(".")))
        self.assertGreaterEqual(tuple(map(int, version.groups())), least)
        self.assertTrue(all("--locked" in text for text in of("RUN", self.building) if "cargo build" in text))

    def test_what_it_copies_is_there_and_not_ignored(self):
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        patterns = [line for line in lines if line and not line.startswith("#")]
        self.assertEqual(patterns[0], "*")
        kept = [pattern.removeprefix("!") for pattern in patterns[1:]]
        copied = [text.split()[:-1] for text in of("COPY", self.building) + of("COPY", self.final)]
        for source in [word for words in copied if not words[0].startswith("--from") for word in words]:
            self.assertTrue((ROOT / source).exists(), source)
            self.assertTrue(any(fnmatch.fnmatch(source, pattern) for pattern in kept), f"{source} is ignored")

    def test_its_labels_are_true(self):
        labels = dict(re.findall(r'(\S+)="([^"]*)"', " ".join(of("LABEL", self.final))))
        server = (ROOT / "packaging/registry/server.json").read_text()
        self.assertIn(f'"name": "{labels["io.modelcontextprotocol.server.name"]}"', server)
        self.assertEqual(labels["org.opencontainers.image.licenses"], self.package["license"])
        self.assertEqual(labels["org.opencontainers.image.version"], "${VERSION}")
        self.assertIn("VERSION", of("ARG", self.final), "a stage knows the arguments that it names")

    def test_the_port_is_the_one_it_listens_on(self):
        (port,) = of("EXPOSE", self.final)
        self.assertIn(f"MOLECULE_MCP_LISTEN=0.0.0.0:{port}", " ".join(of("ENV", self.final)))


if __name__ == "__main__":
    unittest.main()
