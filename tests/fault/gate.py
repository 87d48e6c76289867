"""A door in front of PostgreSQL's socket: connections pass, and requests to cancel wait in it until they are let go."""

import re
import socket
import struct
import threading

CANCEL_REQUEST = 80877102    # where a connection that begins a session has the version of the protocol
NAME = ".s.PGSQL.5432"


class Gate:
    """url: the connection string of the server, for those who are to come by the gate."""

    def __init__(self, directory, url):
        directory.mkdir()
        self.server = f"{re.search(r'host=([^ ]+)', url)[1]}/{NAME}"
        self.url = re.sub(r"host=[^ ]+", f"host={directory}", url)
        self.came, self.open = threading.Event(), threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{directory}/{NAME}")
        self.listener.listen(64)

    def __enter__(self):
        threading.Thread(target=self._stand, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.open.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _stand(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            head = client.recv(8, socket.MSG_WAITALL)
            if head[4:] == struct.pack(">I", CANCEL_REQUEST):
                self.came.set()
                self.open.wait()
            server.connect(self.server)
            server.sendall(head)
            back = threading.Thread(target=carry, args=(server, client), daemon=True)
            back.start()
            carry(client, server)
            back.join()


def carry(source, target):
    """Until the source ends; then the target's time is over too."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
