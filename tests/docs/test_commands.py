"""Every command in the documentation is run, in the order in which a reader meets it, each page in a sandbox of its own."""

import re
import unittest

from sandbox import ROOT, Sandbox
from scenes import SCENES, STANDS_FOR, Run, Scene, Unrun

PAGES = [
    *sorted(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("examples/*.md")),
]
#: Its examples are calls; another test says that each would be taken.
EXAMPLES = ROOT / "docs/tools.md"
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    """Language and text of each fenced block."""
    for indent, language, text in FENCE.findall(page.read_text()):
        yield language, re.sub(f"^{indent}", "", text, flags=re.M)


def commands(text):
    """A block's commands: lines that end in a backslash go on."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def as_run(command, sandbox):
    for pattern, stands_for in STANDS_FOR:
        if pattern.search(command):
            put = stands_for(sandbox)
            command = pattern.sub(lambda _: put, command)
    return command


class Commands(unittest.TestCase):
    """One test a page, made below."""

    def walk(self, page):
        scene = SCENES.get(name(page), Scene())
        left = {start: list(how) if isinstance(how, list) else [how] for start, how in scene.commands.items()}
        files = dict(scene.files)
        with Sandbox() as sandbox:
            if scene.before:
                scene.before(sandbox)
            for language, text in blocks(page):
                if language == "sh":
                    for command in commands(text):
                        known = next((start for start in left if command.startswith(start)), None)
                        how = left[known].pop(0) if known else Run()
                        if known and not left[known]:
                            del left[known]
                        with self.subTest(command=command):
                            self.meet(command, how, sandbox)
                    continue
                wanted = next((key for key in files if key[0] == language and key[1] in text), None)
                if wanted:
                    sandbox.write(files.pop(wanted), as_run(text, sandbox))
        self.assertFalse(left, "these commands aren't on the page any more")
        self.assertFalse(files, "these files aren't on the page any more")

    def meet(self, command, how, sandbox):
        if isinstance(how, Unrun):
            return
        if how.before:
            how.before(sandbox)
        typed = as_run(command, sandbox)
        if how.until:
            return sandbox.start(typed, how.until, how.stays)
        stdin = how.stdin(sandbox) if callable(how.stdin) else how.stdin
        code, said = sandbox.run(typed, how.answers, stdin)
        self.assertEqual(code, how.code, f"{typed}\n{said}")
        if how.says:
            self.assertIn(how.says, said)

    def test_every_language_of_a_fence_is_known(self):
        known = {"", "sh", "toml", "json", "yaml", "nginx", "powershell", "python", "rust"}
        for page in PAGES:
            for language, _ in blocks(page):
                self.assertIn(language, known, name(page))


def made(page):
    return lambda self: self.walk(page)


for path in PAGES:
    if path != EXAMPLES and any(language == "sh" for language, _ in blocks(path)):
        title = re.sub(r"\W+", "_", name(path).removesuffix(".md")).lower()
        setattr(Commands, f"test_{title}", made(path))


class Examples(unittest.TestCase):
    def test_the_command_line_takes_each_example_of_the_reference(self):
        """It ends with anything but 2, which would be wrong usage: the ids in it are nobody's."""
        found = [text.strip() for language, text in blocks(EXAMPLES) if language == "sh"]
        self.assertGreater(len(found), 100)
        with Sandbox() as sandbox:
            for command in found:
                with self.subTest(command=command):
                    code, said = sandbox.run(command + WAITS.get(command.split()[2], ""))
                    self.assertIn(code, (0, 1, 3), f"{command}\n{said}")


#: Tools that would wait for something that never comes, and what keeps them short.
WAITS = {"wait_for_workspace": " seconds=1", "check_remote_agent_freshness": " listen=false"}


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        for page in [*PAGES, ROOT / "CHANGELOG.md"]:
            for target in re.findall(r"\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"", page.read_text()):
                target = "".join(target)
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                with self.subTest(page=name(page), link=target):
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))


def anchors(page):
    """As the hosts of repositories make them from headings."""
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-")


if __name__ == "__main__":
    unittest.main()
