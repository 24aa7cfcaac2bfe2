"""Programs for machines that we aren't: no more of each than its first bytes, and what every one of ours contains."""

import struct

from facts import NAME, VERSION

OURS = f"{NAME}/{VERSION}".encode()


def elf(machine, *kinds):
    head = b"\x7fELF\x02\x01".ljust(16, b"\0") + struct.pack("<HH", 3, machine) + bytes(12) + struct.pack("<Q", 64)
    head = head.ljust(54, b"\0") + struct.pack("<HH", 56, len(kinds))
    segments = b"".join(struct.pack("<I", kind).ljust(56, b"\0") for kind in kinds)
    return head.ljust(64, b"\0") + segments + b"\0GLIBC_2.4\0GLIBC_2.28\0GLIBC_2.9\0" + OURS


def mach_o(cpu, oldest):
    version = oldest[0] << 16 | oldest[1] << 8
    uuid, built = struct.pack("<II16x", 0x1B, 24), struct.pack("<IIIIII", 0x32, 24, 1, version, version, 0)
    return b"\xcf\xfa\xed\xfe" + struct.pack("<IIIIIII", cpu, 0, 2, 2, 48, 0, 0) + uuid + built + OURS


def windows():
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<H", 0x8664) + OURS


LOAD, INTERPRETER = 1, 3
ARM, X86 = 0xB7, 0x3E
PROGRAMS = {
    "linux-x64": elf(X86, LOAD),
    "linux-arm64": elf(ARM, LOAD),
    "darwin-arm64": mach_o(0x0100_000C, (11, 0)),
    "darwin-x64": mach_o(0x0100_0007, (10, 12)),
    "win32-x64": windows(),
}
