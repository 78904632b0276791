"""The processors of Raspberry Pis, as qemu emulates them and as Linux describes them.

The network's library picks its arm64 code by what the kernel says of the processor: by its
features (qemu's `QEMU_CPU`) and by its name in /proc/cpuinfo. Without the latter it would run code
that no Raspberry Pi runs.
"""

from __future__ import annotations

from dataclasses import dataclass

CORES = 4


@dataclass(frozen=True)
class Processor:
    """A processor of Arm's."""

    name: str
    """As qemu calls it."""
    found_in: str
    part: int
    """Of the register MIDR_EL1, as the kernel shows it: Arm's technical reference manuals."""
    variant: int
    revision: int
    features: str
    """What the kernel of Raspberry Pi OS lists on it."""

    def cpuinfo(self) -> str:
        """Text of /proc/cpuinfo."""
        said = (
            f"BogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\n"
            f"CPU revision\t: {self.revision}\n\n"
        )
        return "".join(f"processor\t: {core}\n{said}" for core in range(CORES))


_FIRST = "fp asimd evtstrm crc32 cpuid"
_LATER = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop"
    " asimddp"
)

PROCESSORS = {
    processor.name: processor
    for processor in (
        Processor("cortex-a53", "Raspberry Pi 3 and Zero 2 W", 0xD03, 0, 4, _FIRST),
        Processor("cortex-a72", "Raspberry Pi 4", 0xD08, 0, 3, _FIRST),
        Processor("cortex-a76", "Raspberry Pi 5", 0xD0B, 4, 1, _LATER),
    )
}
