"""A person's yes at a terminal: a pseudo-terminal, in which the real commands run."""

import json
import os
import pty
import re
import select
import subprocess
import tempfile
import termios
import time
import unittest

from server import BINARY, clean_environment

ERROR = "molecule-org-mcp/error"


class Agent:
    """A server over stdio, and a client that shows no forms."""

    def __init__(self, data):
        env = clean_environment() | {"MOLECULE_MCP_DATA": data}
        command = [BINARY, "stdio", "--embedded"]
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.last = 0
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}}
        self.ask("initialize", params)
        self.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def tell(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.last += 1
        self.tell({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.last, answer
        return answer["result"]

    def call(self, tool, /, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def good(self, tool, /, **arguments):
        result = self.call(tool, **arguments)
        assert not result.get("isError"), result
        return result["structuredContent"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Terminal:
    """A command in a terminal of its own: what it says can be waited for and answered."""

    def __init__(self, data, *arguments):
        env = clean_environment() | {"MOLECULE_MCP_DATA": data, "USER": "ada", "TERM": "dumb"}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(BINARY, [BINARY, *arguments], env)
        self.said = ""

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            text = os.read(self.master, 4096).decode()
        except OSError:  # how Linux says that the other end is closed
            text = ""
        self.said += text.replace("\r\n", "\n")
        return bool(text)

    def until(self, words):
        end = time.monotonic() + 20
        while words not in self.said:
            assert time.monotonic() < end and self.read(1), f"never said {words!r}:\n{self.said}"
        return self

    def hides(self, words):
        """Until it asks for something and shows nothing of it any more."""
        self.until(words)
        end = time.monotonic() + 20
        while termios.tcgetattr(self.master)[3] & termios.ECHO:
            assert time.monotonic() < end, "what is typed shows"
            time.sleep(0.01)
        return self

    def answer(self, text):
        return self.press(text + "\n")

    def press(self, keys):
        os.write(self.master, keys.encode())
        return self

    def ended(self):
        """The exit code, and all that was said."""
        end = time.monotonic() + 20
        while self.read(1):
            assert time.monotonic() < end, f"it never ended:\n{self.said}"
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        return os.waitstatus_to_exitcode(status), self.said


class Consents(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data = directory.name
        self.agent = Agent(self.data)
        self.addCleanup(self.agent.close)

    def terminal(self, *arguments):
        return Terminal(self.data, *arguments)

    def workspace(self, name, **more):
        return self.agent.good("create_workspace", name=name, external=True, **more)["id"]

    def waits(self, tool, /, **arguments):
        result = self.agent.call(tool, **arguments)
        self.assertEqual(result["_meta"][ERROR]["code"], "CONSENT_REQUIRED", result)
        return result["_meta"][ERROR]["consent_id"]

    def test_an_agent_waits_and_the_operator_agrees(self):
        lead = self.workspace("Old team")
        self.workspace("Writer", parent_id=lead)
        deletion = {"workspace_id": lead, "including_children": True}
        consent = self.waits("delete_workspace", **deletion)

        code, said = self.terminal("consents", "list").ended()
        self.assertEqual(code, 0)
        self.assertIn(consent, said)
        self.assertIn('Workspace "Old team"', said)

        agreeing = self.terminal("consents", "agree", consent).until('Type "Old team" to agree')
        self.assertIn('Below it: 1, with 0 running task(s): "Writer".', agreeing.said)
        self.assertIn("including_children = true", agreeing.said)
        code, said = agreeing.answer("Old team").ended()
        self.assertEqual(code, 0, said)

        gone = self.agent.good("delete_workspace", **deletion)
        self.assertEqual(gone["status"], "removed")
        written = self.agent.good("query_journal", tool="delete_workspace")["items"]
        self.assertEqual([one["outcome"] for one in written], ["done", "CONSENT_REQUIRED"])
        # Each works once.
        code, said = self.terminal("consents", "agree", consent).ended()
        self.assertEqual(code, 1, said)

    def test_a_person_says_no_or_nothing(self):
        one = self.workspace("Kept")
        consent = self.waits("create_workspace_token", workspace_id=one)
        asking = self.terminal("consents", "agree", consent).until("Agree? [y/N]").press("\x04")
        self.assertEqual(asking.ended()[0], 3)
        code, _ = self.terminal("consents", "agree", consent).until("Agree? [y/N]").answer("n").ended()
        self.assertEqual(code, 3)
        result = self.agent.call("create_workspace_token", workspace_id=one)
        self.assertTrue(result["content"][0]["text"].startswith("CONSENT_INVALID: a person said no"), result)

    def test_a_passphrase_is_asked_for(self):
        setting = self.terminal("consents", "passphrase").hides("New passphrase: ").answer("correct horse")
        code, said = setting.hides("Again: ").answer("correct horse").ended()
        self.assertEqual(code, 0, said)
        self.assertNotIn("correct horse", said)

        one = self.workspace("Locked")
        consent = self.waits("create_workspace_token", workspace_id=one)
        agreeing = self.terminal("consents", "agree", consent).until("Agree? [y/N]").answer("y")
        code, said = agreeing.hides("Passphrase: ").answer("wrong horse").ended()
        self.assertEqual(code, 3, said)
        self.waits("create_workspace_token", workspace_id=one)
        agreeing = self.terminal("consents", "agree", consent).until("Agree? [y/N]").answer("y")
        code, said = agreeing.hides("Passphrase: ").answer("correct horse").ended()
        self.assertEqual(code, 0, said)
        self.agent.good("create_workspace_token", workspace_id=one)

        removing = self.terminal("consents", "passphrase", "--remove").hides("Passphrase: ").answer("wrong horse")
        self.assertEqual(removing.ended()[0], 3)
        removing = self.terminal("consents", "passphrase", "--remove").hides("Passphrase: ").answer("correct horse")
        self.assertEqual(removing.ended()[0], 0)

    def test_call_asks_at_its_terminal(self):
        one = self.workspace("Here")
        asked = self.terminal("call", "--embedded", "delete_workspace", f"workspace_id={one}")
        code, said = asked.until("Type Here to agree").answer("there").ended()
        self.assertEqual(code, 3, said)
        self.assertIn("CONSENT_INVALID", said)
        asked = self.terminal("call", "--embedded", "delete_workspace", f"workspace_id={one}")
        code, said = asked.until("Type Here to agree").answer("Here").ended()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, re.compile(r'"status": "removed"'))

    def test_ctrl_c_ends_a_call_that_asks(self):
        one = self.workspace("Kept")
        asked = self.terminal("call", "--embedded", "delete_workspace", f"workspace_id={one}")
        code, said = asked.until("Type Kept to agree").press("\x03").ended()
        self.assertEqual(code, 1, said)
        self.assertIn("CANCELLED", said)

    def test_a_script_is_no_terminal(self):
        consent = self.waits("mint_org_key", name="ci")
        env = clean_environment() | {"MOLECULE_MCP_DATA": self.data}
        for arguments in (["agree", consent], ["passphrase"]):
            command = [BINARY, "consents", *arguments]
            ended = subprocess.run(command, env=env, input="y\nci\n", capture_output=True, text=True, check=False)
            self.assertEqual(ended.returncode, 3, ended.stderr)
            self.assertIn("terminal", ended.stderr)


if __name__ == "__main__":
    unittest.main()
