"""Completions and manual pages, as the shells and mandoc themselves read them."""

import re
import unittest

from support import BINARY, NAME, VERSION, run, scratch, unpacked


def commands():
    """What `--help` lists."""
    listed = run(BINARY, "--help").split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"(?m)^  ([a-z]+)", listed)


def script(name):
    return unpacked() / "completions" / name


class Completions(unittest.TestCase):
    def test_each_shell_can_read_its_own(self):
        run("bash", "-n", script(f"{NAME}.bash"))
        run("zsh", "-n", script(f"_{NAME}"))
        run("fish", "--no-execute", script(f"{NAME}.fish"))
        # No PowerShell here; it is looked at for what it must name.
        for name in (f"{NAME}.bash", f"_{NAME}", f"{NAME}.fish", f"_{NAME}.ps1"):
            text = script(name).read_text()
            for command in commands():
                self.assertRegex(text, rf"\b{command}\b", name)

    def test_bash_completes(self):
        asked = """
            source "$1"
            completion=$(complete -p molecule-org-mcp | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
            COMP_WORDS=(molecule-org-mcp "${@:2}") COMP_CWORD=$(($# - 1))
            $completion molecule-org-mcp "${@: -1}" "${@: -2:1}"
            printf '%s\\n' "${COMPREPLY[@]}"
        """

        def completed(*words):
            return run("bash", "-c", asked, "bash", script(f"{NAME}.bash"), *words).split()

        self.assertEqual(completed("jour"), ["journal"])
        self.assertEqual(completed("journal", "ver"), ["verify"])
        self.assertEqual(completed("http", "--lis"), ["--listen"])

    def test_fish_completes(self):
        def completed(line):
            said = run("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', script(f"{NAME}.fish"), line)
            return [line.split("\t")[0] for line in said.splitlines()]

        self.assertEqual(completed(f"{NAME} jour"), ["journal"])
        self.assertEqual(completed(f"{NAME} journal ver"), ["verify"])

    def test_zsh_completes(self):
        home = scratch()
        (home / f"_{NAME}").write_bytes(script(f"_{NAME}").read_bytes())
        loaded = 'fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; print -r -- $_comps[molecule-org-mcp]'
        self.assertEqual(run("zsh", "-f", "-c", loaded, "zsh", home).strip(), f"_{NAME}")


class Manual(unittest.TestCase):
    def test_mandoc_finds_no_error_in_any_page(self):
        pages = sorted((unpacked() / "man/man1").iterdir())
        names = {page.name for page in pages}
        self.assertLessEqual({f"{NAME}.1"} | {f"{NAME}-{command}.1" for command in commands()}, names)
        self.assertNotIn(f"{NAME}-man.1", names)
        run("mandoc", "-T", "lint", "-W", "error", *pages)

    def test_pages_say_version_and_date(self):
        # The time that the archive was made for.
        read = run("mandoc", "-T", "ascii", unpacked() / f"man/man1/{NAME}-journal-verify.1")
        self.assertIn(f"{NAME} {VERSION}", read)
        self.assertIn("2023-11-14", read)
        self.assertIn("Exit codes", run("mandoc", "-T", "ascii", unpacked() / f"man/man1/{NAME}.1"))


if __name__ == "__main__":
    unittest.main()
