"""The systemd unit: what systemd's own tool says of it, and what it promises, done by hand: a key that root hands
over, another user, a directory for state, a policy that is read anew."""

import os
import re
import shutil
import signal
import subprocess
import unittest

from support import BINARY, ROOT, environment, run, scratch, unpacked

UNIT = ROOT / "packaging/systemd/molecule-org-mcp.service"
SYSUSERS = ROOT / "packaging/systemd/molecule-org-mcp.sysusers.conf"
NOBODY = 65534


def values(key):
    return re.findall(rf"(?m)^{key}=(.*)$", UNIT.read_text())


class Unit(unittest.TestCase):
    def test_systemd_understands_every_line(self):
        home = scratch()
        here = UNIT.read_text().replace("/usr/local/bin/molecule-org-mcp", str(BINARY))
        (home / UNIT.name).write_text(here)
        command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", home / UNIT.name]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        said = [line for line in done.stderr.splitlines() if UNIT.name in line]
        self.assertEqual((done.returncode, said), (0, []), done.stderr)

    def test_its_exposure_is_low(self):
        """Of ten; a service that nobody hardened has over nine."""
        run("systemd-analyze", "security", "--offline=true", "--threshold=15", UNIT)

    def test_the_user_that_it_names_is_made(self):
        run("systemd-sysusers", "--dry-run", SYSUSERS)
        user, home = SYSUSERS.read_text().split("\nu ")[1].split()[0], SYSUSERS.read_text().split()[-1]
        self.assertEqual((values("User"), values("Group")), ([user], [user]))
        self.assertEqual(values("StateDirectory"), [home.removeprefix("/var/lib/")])

    def test_it_is_in_the_archive(self):
        self.assertEqual((unpacked() / "systemd" / UNIT.name).read_bytes(), UNIT.read_bytes())


class Service(unittest.TestCase):
    """The unit's command with the unit's variables, as a user who owns nothing but the state."""

    def setUp(self):
        self.home = scratch()
        self.home.chmod(0o755)
        self.user = NOBODY if os.geteuid() == 0 else os.geteuid()
        self.program = self.home / "molecule-org-mcp"
        shutil.copy(BINARY, self.program)
        credentials, state, etc = (self.home / name for name in ("credentials", "state", "etc"))
        for directory in (credentials, state, etc):
            directory.mkdir(mode=0o755)
        self.key, self.state, self.policy = credentials / "org-key", state, etc / "policy.toml"
        self.key.write_text("k" * 43 + "\n")
        shutil.copy(ROOT / "examples/policy.toml", self.policy)
        self.policy.chmod(0o644)
        # As systemd hands it over: nobody writes, and root's group could read, were it not for the directory.
        self.key.chmod(0o440)
        credentials.chmod(0o500)
        for path in (self.key, credentials, state) if os.geteuid() == 0 else ():
            os.chown(path, NOBODY, NOBODY)
        state.chmod(0o700)
        (etc / "config.toml").write_text('url = "http://127.0.0.1:9"\nlisten = "127.0.0.1:0"\nlog = "info"\n')

    def started(self):
        places = {"%d": self.key.parent, "%S/molecule-org-mcp": self.state, "/etc/molecule-org-mcp": self.policy.parent}
        command, variables = values("ExecStart")[0], "\n".join(values("Environment"))
        for there, here in places.items():
            command, variables = command.replace(there, str(here)), variables.replace(there, str(here))
        words = [str(self.program), *command.split()[1:]]
        variables = dict(line.split("=", 1) for line in variables.splitlines())
        as_user = {"user": self.user, "group": self.user, "extra_groups": []} if os.geteuid() == 0 else {}
        # No home, and no other place to write to.
        handed = {"CREDENTIALS_DIRECTORY": str(self.key.parent)}
        bare = {"PATH": os.environ["PATH"], "LANG": "C"} | handed | variables
        process = subprocess.Popen(words, env=bare, cwd="/", stderr=subprocess.PIPE, text=True, umask=0o077, **as_user)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def until(self, process, words):
        told = ""
        for line in process.stderr:
            told += line
            if words in line:
                return told
        self.fail(f"it ended without {words!r}:\n{told}")

    def test_it_serves_reads_its_policy_anew_and_ends_when_asked(self):
        process = self.started()
        started = self.until(process, "ready http://127.0.0.1:")
        self.assertNotIn("WARN", started)
        self.assertNotIn("can be read by others", started)
        self.policy.write_text("[ceiling]\nread_only = true\n")
        self.assertEqual(values("ExecReload"), ["/bin/kill -HUP $MAINPID"])
        process.send_signal(signal.SIGHUP)
        self.until(process, "the policy has changed")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=10), 0)
        self.assertTrue((self.state / "state.db").exists())
        readable = [path for path in self.state.rglob("*") if path.stat().st_mode & 0o077]
        self.assertEqual(readable, [], "nobody else reads its state")

    def test_wrong_configuration_ends_it_in_a_way_that_isnt_tried_again(self):
        self.key.chmod(0o600)
        self.key.write_text("two words\n")
        process = self.started()
        self.assertEqual([str(process.wait(timeout=10))], values("RestartPreventExitStatus"))


if __name__ == "__main__":
    unittest.main()
