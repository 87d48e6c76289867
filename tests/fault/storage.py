"""What a database stands on: a plain directory, or a small disk of its own whose power can be cut."""

import os
import pwd
import re
import subprocess
import time

from fault.command import command

OWNER = pwd.getpwnam("postgres")


class Directory:
    """A directory of the machine's own disk. data and wal are where the server's files go; wal None: with the data."""

    def __init__(self, path):
        self.path = path
        self.data, self.wal = path / "data", None
        own(path)


class SmallWal(Directory):
    """The write-ahead log on a disk of its own that can be full."""

    def __init__(self, path):
        super().__init__(path)
        self.disk = SmallDisk(path / "wal", "96m")
        self.wal, self.mountpoint = self.disk.mountpoint / "log", self.disk.mountpoint

    def fill(self):
        self.disk.fill()


class SmallDisk:
    """A little disk, in memory."""

    def __init__(self, mountpoint, size):
        self.mountpoint = mountpoint
        mountpoint.mkdir()
        command("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mountpoint)
        own(mountpoint)

    def fill(self):
        """Takes what room is left."""
        ballast(self.mountpoint)


class Disk(Directory):
    """ext4 on a loop device. Its image is what a disk holds when the power goes."""

    def __init__(self, path, megabytes=512):
        path.mkdir()
        super().__init__(path)
        self.image, self.mountpoint = path / "image", path / "disk"
        self.mountpoint.mkdir()
        command("truncate", "-s", f"{megabytes}M", self.image)
        command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", self.image)
        self._mount()
        self.data = self.mountpoint / "data"

    def _mount(self):
        """direct: what the disk has not been told to keep must not be found in the image either."""
        for direct in ("on", "off"):
            made = subprocess.run(["losetup", f"--direct-io={direct}", "--find", "--show", self.image],
                                  capture_output=True, text=True, check=False)
            if made.returncode == 0:
                self.device = made.stdout.strip()
                break
        command("mount", self.device, self.mountpoint)
        own(self.mountpoint)

    def copy(self):
        """The image as it is at this moment, while nothing writes."""
        command("cp", "--reflink=never", "--sparse=always", self.image, f"{self.image}.copy")

    def become_copy(self):
        """Goes on with the copy as after the power came back. Nothing may use the disk."""
        command("umount", self.mountpoint)
        command("losetup", "--detach", self.device)
        os.replace(f"{self.image}.copy", self.image)
        self._mount()

    def fill(self):
        ballast(self.mountpoint)


def own(path):
    path.mkdir(exist_ok=True)
    os.chown(path, OWNER.pw_uid, OWNER.pw_gid)
    path.chmod(0o755)


def ballast(directory):
    """A file that takes all the room there is."""
    with open(directory / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass


def lighten(directory):
    (directory / "ballast").unlink(missing_ok=True)
    # On the disk too: or the next power cut brings the ballast back.
    command("sync", "--file-system", directory)


def release(directory):
    """Ends whoever stands in the directory, and unmounts and detaches what lies in it. For good."""
    deadline = time.monotonic() + 20
    while (left := standing_in(directory)) and time.monotonic() < deadline:
        for pid in left:
            subprocess.run(["kill", "-KILL", str(pid)], stderr=subprocess.DEVNULL, check=False)
        time.sleep(0.05)
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for mountpoint in [line.split()[4] for line in mounts if line.split()[4].startswith(f"{directory}/")]:
            subprocess.run(["umount", mountpoint], check=False)
    devices = command("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE")
    for device in re.findall(rf"^(\S+)\s+{re.escape(str(directory))}/", devices, re.MULTILINE):
        subprocess.run(["losetup", "--detach", device], check=False)


def standing_in(directory):
    """Every process whose working directory lies there: the servers, the daemon and the proxies of a site."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd").startswith(f"{directory}/"):
                found.append(int(name))
        except OSError:
            pass
    return found
