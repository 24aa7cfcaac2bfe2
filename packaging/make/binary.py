"""A built program, and what its first bytes say about where it runs. Packages are named and tagged by that, so that
none can carry a program for another machine."""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from facts import NAME, VERSION, Wrong


@dataclass(frozen=True)
class Target:
    os: str
    cpu: str
    """The words of Node, which npm and the bundles use."""

    @property
    def npm(self):
        return f"{self.os}-{self.cpu}"

    @property
    def machine(self):
        return {"x64": "x86_64", "arm64": "aarch64"}[self.cpu]

    @property
    def archive(self):
        return f"{self.machine}-" + {"linux": "linux", "darwin": "macos", "win32": "windows"}[self.os]

    @property
    def program(self):
        return f"{NAME}.exe" if self.os == "win32" else NAME


LINUX, LINUX_ARM = Target("linux", "x64"), Target("linux", "arm64")
MACOS_ARM, MACOS = Target("darwin", "arm64"), Target("darwin", "x64")
WINDOWS = Target("win32", "x64")
TARGETS = (LINUX, LINUX_ARM, MACOS_ARM, MACOS, WINDOWS)


@dataclass(frozen=True)
class Binary:
    path: Path
    content: bytes
    target: Target
    oldest: tuple[int, int] | None
    """The oldest glibc or macOS that it runs on; none where it needs nothing of the kind."""

    @classmethod
    def read(cls, path):
        content = Path(path).read_bytes()
        kind = next((kind for magic, kind in KINDS.items() if content.startswith(magic)), None)
        target, oldest = kind(content) if kind else (None, None)
        if target not in TARGETS:
            raise Wrong(f"{path} is no program for {', '.join(target.npm for target in TARGETS)}")
        # What it calls itself towards the tenant.
        if f"{NAME}/{VERSION}".encode() not in content:
            raise Wrong(f"{path} isn't {NAME} {VERSION}")
        return cls(Path(path).resolve(), content, target, oldest)

    def runs_here(self):
        try:
            said = subprocess.run([self.path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return False
        if said != f"{NAME} {VERSION}":
            raise Wrong(f"{self.path} says that it is {said}")
        return True


def elf(content):
    cpu = {0x3E: "x64", 0xB7: "arm64"}.get(*struct.unpack_from("<H", content, 18))
    start, size, count = *struct.unpack_from("<Q", content, 32), *struct.unpack_from("<HH", content, 54)
    kinds = [struct.unpack_from("<I", content, start + size * index)[0] for index in range(count)]
    interpreted = 3 in kinds
    if not interpreted:
        return Target("linux", cpu), None
    minors = [int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)", content)]
    if not minors:
        raise Wrong("a program for Linux is static, or needs glibc")
    return Target("linux", cpu), (2, max(minors))


def mach_o(content):
    cpu = {0x0100_0007: "x64", 0x0100_000C: "arm64"}.get(*struct.unpack_from("<I", content, 4))
    count, place = *struct.unpack_from("<I", content, 16), 32
    oldest = (11, 0)
    for _ in range(count):
        command, size, platform, version = struct.unpack_from("<IIII", content, place)
        build_version, macos = 0x32, 1
        if (command, platform) == (build_version, macos):
            oldest = (version >> 16, version >> 8 & 0xFF)
        place += size
    return Target("darwin", cpu), oldest


def portable_executable(content):
    header = struct.unpack_from("<I", content, 0x3C)[0]
    machine = struct.unpack_from("<H", content, header + 4)[0]
    return Target("win32", {0x8664: "x64"}.get(machine)), None


KINDS = {b"\x7fELF\x02\x01": elf, b"\xcf\xfa\xed\xfe": mach_o, b"MZ": portable_executable}
