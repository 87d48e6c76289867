"""The network of a site: the daemon in a namespace of its own, the databases and the clients on the other end of one link.

        databases .1 and .2, proxy .3, clients  ═══ veth ═══  .6 the daemon, nftables, tbf

Every rule and every queue lies inside the namespace, so that nothing of this machine's own network is touched.
"""

import random

from fault.command import command

DATABASE_PORT, CALLS_PORT, METRICS_PORT = 5432, 8443, 9443

# What can be cut: the packets the daemon sends to it, and those it gets from it.
DATABASE = f"tcp dport {DATABASE_PORT}", f"tcp sport {DATABASE_PORT}"
CLIENTS = f"tcp sport {CALLS_PORT}", f"tcp dport {CALLS_PORT}"

# How it can be cut, as the verdict of a rule.
DROP, RESET, LOSE = "drop", "reject with tcp reset", "numgen random mod 100 < 10 drop"


class Network:
    def __init__(self, name):
        """name: of the namespace. The addresses are of the range for tests of networks (RFC 2544), with a free block."""
        self.name = name
        self.host_link, self.link = f"h{name[-12:]}", "fault0"
        command("ip", "netns", "add", name)
        command("ip", "link", "add", self.host_link, "type", "veth", "peer", "name", self.link, "netns", name)
        block = self._free_block()
        self.database_addresses = [f"{block}.1", f"{block}.2"]
        self.proxy_address, self.daemon_address = f"{block}.3", f"{block}.6"
        for address in (*self.database_addresses, self.proxy_address):
            command("ip", "address", "add", f"{address}/24", "dev", self.host_link)
        command("ip", "link", "set", self.host_link, "up")
        self.inside("ip", "address", "add", f"{self.daemon_address}/24", "dev", self.link)
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "link", "set", self.link, "up")
        self.mend()

    @staticmethod
    def _free_block():
        taken = command("ip", "-4", "-oneline", "address")
        while True:
            block = f"198.18.{random.randrange(256)}"
            if f" {block}." not in taken:
                return block

    def through(self, directory):
        """The words that run a command inside, standing in directory."""
        return ["env", "-C", str(directory), "nsenter", f"--net=/run/netns/{self.name}", "--"]

    def inside(self, *words, text=None):
        return command("nsenter", f"--net=/run/netns/{self.name}", "--", *words, text=text)

    def cut(self, what, how, address=None):
        """Cuts the daemon off from what it talks to, or from one address of it."""
        rules = [f"add rule inet fault {chain} {f'ip {end} {address}' if address else ''} {packets} {how}\n"
                 for chain, end, packets in (("sent", "daddr", what[0]), ("got", "saddr", what[1]))
                 # The reset itself must come through: only what goes to the listening side is answered with one.
                 if how != RESET or "dport" in packets]
        self.inside("nft", "-f", "-", text="".join(rules))

    def send_by(self, ports):
        """New connections to the servers go to these ports of the proxy instead: {address of a server: port}."""
        rules = "".join(f"add rule inet fault detour ip daddr {server} tcp dport {DATABASE_PORT} "
                        f"dnat ip to {self.proxy_address}:{port}\n" for server, port in ports.items())
        self.inside("nft", "-f", "-", text="add chain inet fault detour { type nat hook output priority -100; }\n" + rules)

    def mend(self):
        """Takes all rules and queues away."""
        self.inside("nft", "-f", "-", text="add table inet fault\ndelete table inet fault\nadd table inet fault\n"
                    "add chain inet fault sent { type filter hook output priority 0; }\n"
                    "add chain inet fault got { type filter hook input priority 0; }\n")

    def down(self):
        self.inside("ip", "link", "set", self.link, "down")

    def up(self):
        self.inside("ip", "link", "set", self.link, "up")

    def slow(self, rate):
        """A narrow link: rate as tc has it, such as 256kbit. Both ways."""
        words = ["qdisc", "add", "dev", None, "root", "tbf", "rate", rate, "burst", "4kb", "latency", "400ms"]
        for run, link in ((self.inside, self.link), (command, self.host_link)):
            words[3] = link
            run("tc", *words)

    def swift(self):
        for run, link in ((self.inside, self.link), (command, self.host_link)):
            run("tc", "qdisc", "del", "dev", link, "root")

    def remove(self):
        command("ip", "netns", "del", self.name)
