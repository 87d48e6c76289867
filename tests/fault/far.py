"""A proxy that holds every byte back for a while, both ways: distance, where the kernel has no netem."""

import asyncio
import subprocess
import sys
import time

from fault.network import DATABASE_PORT


class Far:
    """One proxy process; ports: {address of a server: port of the proxy}."""

    def __init__(self, directory, address, servers, seconds):
        self.ports = {server: DATABASE_PORT + 1 + n for n, server in enumerate(servers)}
        words = [f"{port}={server}" for server, port in self.ports.items()]
        stand = directory / "far"
        stand.mkdir(exist_ok=True)
        self.process = subprocess.Popen([sys.executable, "-c", "from fault.far import main; main()", address, str(seconds),
                                         *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=stand,
                                        env={"PYTHONPATH": ":".join(sys.path)})

    def __enter__(self):
        assert self.process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


async def carry(reader, writer, seconds):
    """What is read is written when its time has come. The end comes late too."""
    waiting = asyncio.Queue()

    async def write():
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()
    task = asyncio.create_task(write())
    while True:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        await waiting.put((time.monotonic() + seconds, data))
        if not data:
            break
    await task


async def serve(address, seconds, ports):
    async def accept(reader, writer, server):
        there, back = await asyncio.open_connection(server, DATABASE_PORT)
        await asyncio.gather(carry(reader, back, seconds), carry(there, writer, seconds), return_exceptions=True)
    for port, server in ports.items():
        await asyncio.start_server(lambda r, w, server=server: accept(r, w, server), address, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main():
    address, seconds, *words = sys.argv[1:]
    asyncio.run(serve(address, float(seconds), {int(port): server for port, server in (w.split("=") for w in words)}))
