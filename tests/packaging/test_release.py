"""The release script: the same bytes twice, one version everywhere, and no program under a wrong name."""

import hashlib
import json
import re
import subprocess
import tarfile
import unittest
import zipfile

import foreign
from support import (
    BASE_URL,
    BINARY,
    HERE,
    NAME,
    RELEASE,
    ROOT,
    VERSION,
    Binary,
    environment,
    made,
    program,
    release,
    released,
    run,
    scratch,
)


def refused(*arguments, **more):
    done = subprocess.run([RELEASE, *map(str, arguments)], env=environment(**more), capture_output=True, text=True)
    return done.returncode, done.stderr


class Release(unittest.TestCase):
    def test_the_same_binary_gives_the_same_bytes(self):
        again = release(umask=0o077)
        files = sorted(path.name for path in released().iterdir())
        self.assertEqual(files, sorted(path.name for path in again.iterdir()))
        self.assertGreaterEqual(len(files), 24)
        for name in files:
            self.assertEqual((released() / name).read_bytes(), (again / name).read_bytes(), name)

    def test_the_sums_are_those_of_every_file(self):
        run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=released())
        listed = {line.split("  ")[1] for line in (released() / "SHA256SUMS").read_text().splitlines()}
        self.assertEqual(listed | {"SHA256SUMS"}, {path.name for path in released().iterdir()})

    def test_archives_carry_the_binary_as_it_is_and_nobody_owns_it(self):
        with tarfile.open(made(f"*-{HERE.archive}.tar.gz")) as archive:
            self.assertEqual({(entry.uid, entry.gid, entry.mtime) for entry in archive}, {(0, 0, 1700000000)})
            folder = f"{NAME}-{VERSION}-{HERE.archive}"
            carried = archive.extractfile(f"{folder}/{NAME}").read()
        self.assertEqual(hashlib.sha256(carried).digest(), hashlib.sha256(BINARY.read_bytes()).digest())

    def test_cargo_says_every_version(self):
        """Whatever stands in packaging/ takes it from there; server.json repeats it, and is held against it."""
        naming = set()
        for path in (ROOT / "packaging").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and VERSION in path.read_text():
                naming.add(path.relative_to(ROOT / "packaging").as_posix())
        self.assertEqual(naming, {"registry/server.json"})
        server = json.loads((released() / "server.json").read_text())
        said = {server["version"]} | {package.get("version", VERSION) for package in server["packages"]}
        self.assertEqual(said, {VERSION})

    def test_nothing_is_packaged_that_disagrees(self):
        for disagreeing, words in {
            "Cargo.toml": f"server.json says version {VERSION}",
            "packaging/registry/server.json": "server.json says version 9.9.9",
            "CHANGELOG.md": f"no heading for {VERSION}",
        }.items():
            tree = scratch()
            for name in ("Cargo.toml", "CHANGELOG.md"):
                (tree / name).write_bytes((ROOT / name).read_bytes())
            run("cp", "-R", ROOT / "packaging", tree)
            changed = tree / disagreeing
            changed.write_text(changed.read_text().replace(VERSION, "9.9.9", 1))
            out = scratch() / "out"
            done = subprocess.run(
                [tree / "packaging/release", "--out", out, "--binary", BINARY],
                env=environment(),
                capture_output=True,
                text=True,
            )
            self.assertEqual(done.returncode, 1, disagreeing)
            self.assertIn(words, done.stderr)
            self.assertFalse(out.exists())

    def test_a_program_that_isnt_ours_is_refused(self):
        ours = foreign.PROGRAMS["darwin-arm64"]
        for binaries, words in [
            ([program(b"#!/bin/sh\n")], "is no program for linux-x64"),
            ([program(foreign.elf(0x28, foreign.LOAD))], "is no program for linux-x64"),
            ([program(ours.replace(VERSION.encode(), b"9.9.9"))], f"isn't {NAME} {VERSION}"),
            ([BINARY, BINARY], "two programs for linux-"),
            ([program(ours)], "one of the programs must run here"),
        ]:
            given = [word for path in binaries for word in ("--binary", path)]
            code, said = refused("--out", scratch() / "out", *given)
            self.assertEqual(code, 1, words)
            self.assertIn(words, said)

    def test_what_is_there_isnt_overwritten(self):
        code, said = refused("--out", scratch(), "--binary", BINARY)
        self.assertEqual(code, 1)
        self.assertIn("is there already", said)

    def test_wrong_arguments_say_what_is_right(self):
        for arguments, words in [
            (["--binary", BINARY, "--base-url", "http://example.com"], "an https address"),
            (["--binary", BINARY, "--image", "example.com/molecule:latest"], f"ends in :{VERSION}"),
            (["--bynary", BINARY], "packaging/release [--out DIR]"),
        ]:
            code, said = refused(*arguments)
            self.assertEqual(code, 2, said)
            self.assertIn(words, said)


class Targets(unittest.TestCase):
    """Every target at once, as the last machine of a release sees them."""

    def test_each_has_an_archive_a_bundle_a_package_and_a_wheel(self):
        names = {path.name for path in released().iterdir()}
        for machine in ("x86_64-linux", "aarch64-linux", "aarch64-macos", "x86_64-macos", "x86_64-windows"):
            ending = "zip" if machine.endswith("windows") else "tar.gz"
            self.assertIn(f"{NAME}-{VERSION}-{machine}.{ending}", names)
            self.assertIn(f"{NAME}-{VERSION}-{machine}.mcpb", names)
        for target in ("linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64", "win32-x64"):
            self.assertIn(f"molecule-ai-{NAME}-{target}-{VERSION}.tgz", names)
        wheels = " ".join(sorted(name for name in names if name.endswith(".whl")))
        for tag in ("macosx_11_0_arm64", "macosx_10_12_x86_64", "win_amd64", "musllinux_1_1"):
            self.assertIn(tag, wheels)

    def test_windows_gets_its_own_name_everywhere(self):
        carried = f"{NAME}.exe"
        with zipfile.ZipFile(released() / f"{NAME}-{VERSION}-x86_64-windows.mcpb") as bundle:
            manifest = json.loads(bundle.read("manifest.json"))
        self.assertEqual(manifest["server"]["entry_point"], f"server/{carried}")
        self.assertEqual(manifest["server"]["mcp_config"]["command"], f"${{__dirname}}/server/{carried}")
        self.assertEqual(manifest["compatibility"]["platforms"], ["win32"])
        wheel = made("*win_amd64.whl")
        self.assertIn(f"molecule_org_mcp-{VERSION}.data/scripts/{carried}", zipfile.ZipFile(wheel).namelist())

    def test_the_formula_is_ruby_and_names_the_archives_by_their_sums(self):
        formula = made("molecule-org-mcp.rb")
        self.assertIn("Syntax OK", run("ruby", "-wc", formula))
        text = formula.read_text()
        self.assertNotIn("@", re.sub(r"#\{.*?\}", "", text))
        pairs = re.findall(r'url "(.*)"\n\s+sha256 "(.*)"', text)
        self.assertEqual(len(pairs), 4)
        for url, digest in pairs:
            content = (released() / url.removeprefix(f"{BASE_URL}/")).read_bytes()
            self.assertEqual(hashlib.sha256(content).hexdigest(), digest, url)

    def test_what_needs_glibc_says_which(self):
        static, dynamic = (foreign.elf(foreign.X86, foreign.LOAD, *more) for more in ([], [foreign.INTERPRETER]))
        self.assertEqual(Binary.read(program(static)).oldest, None)
        self.assertEqual(Binary.read(program(dynamic)).oldest, (2, 28))


if __name__ == "__main__":
    unittest.main()
