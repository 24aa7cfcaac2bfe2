"""The plain archive: for whoever unpacks it themselves, and for Homebrew."""

from facts import NAME, VERSION, read, readme
from packing import tar_gz, zipped

UNITS = (f"{NAME}.service", f"{NAME}.sysusers.conf")


def make(binary, papers):
    folder = f"{NAME}-{VERSION}-{binary.target.archive}"
    files = {binary.target.program: binary.content} | papers
    files |= {name: read(name) for name in ("LICENSE", "CHANGELOG.md")}
    files["README.md"] = readme().encode()
    files |= {name: read(f"examples/{name}") for name in ("config.toml", "policy.toml")}
    if binary.target.os == "linux":
        files |= {f"systemd/{name}": read(f"packaging/systemd/{name}") for name in UNITS}
    files = {f"{folder}/{path}": content for path, content in files.items()}
    pack, ending = (zipped, "zip") if binary.target.os == "win32" else (tar_gz, "tar.gz")
    return {f"{folder}.{ending}": pack(files, {f"{folder}/{binary.target.program}"})}
