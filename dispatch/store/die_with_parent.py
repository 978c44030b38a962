"""Run as a script: become the given command, and (on Linux) be ended by the kernel when the parent dies.

    python die_with_parent.py PARENT_PID COMMAND ARGUMENTS...

A script of its own, because code between fork and exec in a process with threads can block forever.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == int(sys.argv[1]):  # else the parent died before the kernel was asked
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is the point
