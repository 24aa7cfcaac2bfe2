"""The plain archive: for whoever unpacks it themselves, and for Homebrew."""

from facts import NAME, PACKAGING, VERSION, read
from packing import tar_gz, zipped


def make(binary, papers):
    folder = f"{NAME}-{VERSION}-{binary.target.archive}"
    files = {binary.target.program: binary.content} | papers
    files |= {name: read(name) for name in ("LICENSE", "README.md", "CHANGELOG.md")}
    files |= {name: read(f"examples/{name}") for name in ("config.toml", "policy.toml")}
    if binary.target.os == "linux":
        files |= {f"systemd/{unit.name}": unit.read_bytes() for unit in (PACKAGING / "systemd").iterdir()}
    files = {f"{folder}/{path}": content for path, content in files.items()}
    pack, ending = (zipped, "zip") if binary.target.os == "win32" else (tar_gz, "tar.gz")
    return {f"{folder}.{ending}": pack(files, {f"{folder}/{binary.target.program}"})}
