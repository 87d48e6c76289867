"""Where the benchmarks run: a private PostgreSQL with a register of a given size, the real daemon before it, and what each
process costs, read from the operating system."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import uuid

from rig import BUILD, ROOT, contract
from rig.caller import Caller
from rig.certificates import Certificates
from rig.cluster import Cluster
from rig.daemon import Daemon

HERE = pathlib.Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
# As a shop would run it on such a machine; durability is PostgreSQL's default, which the daemon insists on.
POSTGRESQL = "-c shared_buffers=2GB -c max_wal_size=4GB -c checkpoint_timeout=30min -c autovacuum_naptime=5min"


def cpu_seconds(pid):
    """CPU time of a process with its threads, children that have ended included."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICK


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def forget_peak(pid):
    """The most memory that a process had is that of now."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak_kib(pid):
    """The most memory that a process had since its peak was forgotten."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1])


class Place:
    """One register of `assets` assets, with its own cluster and its own daemon."""

    def __init__(self, scratch, assets):
        self.assets, self.directory = assets, scratch / f"register-{assets}"
        self.directory.mkdir(parents=True)
        self.cluster = Cluster(self.directory / "pg")
        # It may listen on any loopback address, so that several registers have the same port.
        self.address = f"127.0.54.{len(str(assets))}"
        os.environ["PGOPTS_EXTRA"] = f"{POSTGRESQL} -c listen_addresses={self.address}"
        self.cluster.start()
        self.cluster.sqitch("deploy")
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-v", f"assets={assets}", "-f", HERE / "register.sql",
                        self.cluster.url("postgres")], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.certificates = Certificates(self.directory / "pki")
        self.serve_tls()
        self.daemon = Daemon(self.directory / "daemon", self.cluster.url(), self.certificates, log_level="warning",
                             max_connections=5000, max_connections_per_address=5000, queue_calls=4096).start()

    def serve_tls(self):
        """PostgreSQL shows the daemon's certificate to clients that come over TCP; its key must be the server's own file."""
        data = pathlib.Path(self.cluster.value("SHOW data_directory"))
        owner = data.stat()
        for source, name in ((self.certificates.server_certificate, "server.crt"), (self.certificates.server_key, "server.key")):
            shutil.copy(source, data / name)
            os.chown(data / name, owner.st_uid, owner.st_gid)
            os.chmod(data / name, 0o600)
        with open(data / "pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write("hostssl all all 127.0.0.0/8 trust\n")
        self.cluster.sql("ALTER SYSTEM SET ssl = on")
        self.cluster.sql("SELECT pg_reload_conf()")

    def tls_url(self):
        return f"host={self.address} port=5432 dbname=radioshop user=radioshop_app sslmode=require"

    def close(self):
        self.daemon.stop()
        self.cluster.stop()

    def server_cpu(self):
        """CPU seconds of PostgreSQL so far: the postmaster and all it has forked, ended or not."""
        pid = self.cluster.pid()
        return cpu_seconds(pid) + sum(cpu_seconds(child) for child in self.cluster._children(pid))

    def client(self, name):
        """Options of bench_load for a principal."""
        certificate, key = self.certificates.person(name)
        return ["--ca", self.certificates.ca, "--certificate", certificate, "--key", key]

    def caller(self, name):
        """For the few calls that prepare a workload."""
        certificate, key = self.certificates.person(name)
        return Caller(self.daemon.port, self.certificates.ca_pem(), certificate.read_bytes(), key.read_bytes(), address=self.daemon.address)

    def requests(self, method, each):
        """A file of requests as bench_load wants them."""
        kind = contract.methods()[method].request
        return self.packed(contract.fill(kind(), values).SerializeToString() for values in each)

    def packed(self, messages):
        path = self.directory / f"requests-{uuid.uuid4()}"
        with open(path, "wb") as file:
            for packed in messages:
                file.write(struct.pack(">I", len(packed)) + packed)
        return path


def statement(name):
    """The text of one of the daemon's statements, without its comments, on one line."""
    text = (ROOT / "daemon" / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return " ".join(re.sub(r"-- .*", "", line) for line in text.splitlines())


def settings(agencies):
    """Environment of a PostgreSQL client that row level security lets see these agencies."""
    braced = "{" + ",".join(str(a) for a in agencies) + "}"
    return {**os.environ, "PGOPTIONS": f"-c radioshop.agencies={braced} -c radioshop.principal=bench-cities"}


LOAD = BUILD / "tests" / "bench_load"
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
