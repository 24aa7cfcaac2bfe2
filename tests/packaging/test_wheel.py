"""The wheel, installed by pip into an environment of its own."""

import base64
import csv
import hashlib
import io
import json
import sys
import unittest
import zipfile

from packaging.metadata import Metadata
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from support import HERE, NAME, ROOT, VERSION, greeted, made, run, scratch


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.wheel = made(f"*linux_*_{HERE.machine}.whl")
        with zipfile.ZipFile(cls.wheel) as archive:
            cls.files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
            cls.order = archive.namelist()

    def named(self, ending):
        return next(name for name in self.files if name.endswith(ending))

    def test_pip_installs_it_and_it_runs(self):
        home = scratch() / "venv"
        run(sys.executable, "-m", "venv", "--without-pip", home)
        pip = [sys.executable, "-m", "pip", "--python", home / "bin/python", "--disable-pip-version-check"]
        run(*pip, "install", "--no-index", "--no-deps", self.wheel)
        program = home / "bin" / NAME
        self.assertEqual(run(program, "--version").strip(), f"{NAME} {VERSION}")
        serving = greeted([program, "stdio", "--embedded"])
        self.assertEqual((serving["name"], serving["version"]), (NAME, VERSION))
        self.assertIn(VERSION, run(*pip, "show", NAME))
        run(*pip, "uninstall", "--yes", NAME)
        self.assertFalse(program.exists())

    def test_its_name_says_where_it_runs(self):
        name, version, _, tags = parse_wheel_filename(self.wheel.name)
        self.assertEqual((name, str(version)), (NAME, VERSION))
        self.assertTrue(tags & set(sys_tags()), f"{self.wheel.name} doesn't install here")
        told = [line for line in self.files[self.named("/WHEEL")].decode().splitlines() if line.startswith("Tag: ")]
        self.assertEqual({line.removeprefix("Tag: ") for line in told}, {str(tag) for tag in tags})

    def test_its_metadata_is_valid_and_names_the_server(self):
        metadata = Metadata.from_email(self.files[self.named("/METADATA")], validate=True)
        self.assertEqual((metadata.name, str(metadata.version)), (NAME, VERSION))
        self.assertEqual((metadata.license_expression, metadata.license_files), ("Apache-2.0", ["LICENSE"]))
        self.assertIn(self.named("/licenses/LICENSE"), self.files)
        server = json.loads((ROOT / "packaging/registry/server.json").read_text())
        self.assertIn(f"mcp-name: {server['name']}", metadata.description)

    def test_its_record_is_true_and_last(self):
        record = self.named("/RECORD")
        self.assertEqual(self.order[-1], record)
        rows = list(csv.reader(io.StringIO(self.files[record].decode())))
        self.assertEqual({row[0] for row in rows}, set(self.files))
        for path, digest, length in rows:
            if path == record:
                continue
            content = self.files[path]
            encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            self.assertEqual((digest, length), (f"sha256={encoded}", str(len(content))), path)


if __name__ == "__main__":
    unittest.main()
