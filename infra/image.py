"""``python infra/image.py ROOT HANDLER``: what Lambda does with an image, on this machine.

Runs the handler inside the file system at ROOT, read-only but for ``/tmp``, without ``/sys`` and
``/dev/shm``, under the image's own Python and ``awslambdaric``. Needs root. Mounts are this
process's own and go with it.
"""

import os
import sys

ENTER = """
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount -t tmpfs tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
cd "$1"
exec chroot "$1" sh -c 'cd /var/task && exec /var/lang/bin/python3.12 -m awslambdaric "$1"' sh "$2"
"""

if __name__ == "__main__":
    enter = ["sh", "-euc", ENTER, "sh", *sys.argv[1:]]
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *enter])  # noqa: S606
