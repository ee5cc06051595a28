"""What else the machine was doing: times say little when others take a share of the processors."""
import os
import time
from pathlib import Path

STAT = Path("/proc/stat")  # Linux; elsewhere nothing is known


def busy_seconds():
    """Processor seconds of all programs since the start of the machine."""
    user, nice, system, _idle, _wait, interrupt, soft, stolen, *_ = map(int, STAT.read_text().split()[1:11])
    return (user + nice + system + interrupt + soft + stolen) / os.sysconf("SC_CLK_TCK")


class Others:
    """From its making to share(): the share of the machine's processor time that others took."""

    def __init__(self):
        self.busy, self.began = busy_seconds() if STAT.exists() else 0, time.perf_counter()

    def share(self, own_seconds):
        if not STAT.exists():
            return 0.0
        taken = busy_seconds() - self.busy - own_seconds
        return max(0.0, taken / (time.perf_counter() - self.began) / os.cpu_count())
