"""Conversions to be cut short. As a program it forks one for each line `directory what place step` that it reads, and prints how it ended.

The child kills itself at the given one of the steps that touch files, counted by Python's audit events; step 0 lets it finish.
"""

import json
import os
import signal
import sys

from memos import MemOS

TOUCHING = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate"})


def die_at(step, directory):
    """Kill this process at the step of that number, of those that touch a directory."""
    left = [step]

    def look(event, arguments):
        if event in TOUCHING and str(arguments[0]).startswith(directory):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def convert(directory, what, place):
    if what == "encrypt":
        MemOS.encrypt(directory, place)
    elif what == "decrypt":
        MemOS.decrypt(directory)
    else:
        MemOS.rotate_key(directory, place, renew=what == "renew")


def main():
    for line in sys.stdin:
        directory, what, place, step = json.loads(line)
        child = os.fork()
        if not child:
            try:
                if step:
                    die_at(step, directory)
                convert(directory, what, place)
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
