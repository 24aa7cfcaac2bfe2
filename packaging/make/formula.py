"""Homebrew's formula, for a tap."""

from binary import LINUX, LINUX_ARM, MACOS, MACOS_ARM
from facts import HOMEPAGE, LICENSE, NAME, VERSION, read, sha256


def make(archives, base_url):
    """None, unless there are archives for all of its machines."""
    text = read("packaging/homebrew/molecule-org-mcp.rb.in").decode()
    fill = {"VERSION": VERSION, "LICENSE": LICENSE, "HOMEPAGE": HOMEPAGE}
    for target in (MACOS_ARM, MACOS, LINUX_ARM, LINUX):
        file = f"{NAME}-{VERSION}-{target.archive}.tar.gz"
        if file not in archives:
            return {}
        key = target.npm.replace("-", "_").upper()
        fill |= {f"URL_{key}": f"{base_url}/{file}", f"SHA256_{key}": sha256(archives[file])}
    for key, value in fill.items():
        text = text.replace(f"@{key}@", value)
    return {"molecule-org-mcp.rb": text.encode()}
