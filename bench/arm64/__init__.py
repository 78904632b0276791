"""Vision on an emulated Raspberry Pi: what arm64 answers, held against this machine."""
