"""Clients that write and read all the time, and keep a record of every answer.

Called with the servers, standard input says what to do:

    round NAME   write and read below /chaos/NAME from now on; `{"ready": NAME}` says when
    finish       come to an end, then read everything that there is on each server

Standard output has the record, one object a line: `{"event": ...}` as history.rs has it. Every value is the
name of the operation that writes it. What an answer never came for is `unknown`, and is not tried again.

A client asks for one thing at a time, so that the newest transaction it has heard of is that of the answer.
"""

import argparse
import json
import logging
import random
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import ConnectionClosedError, KazooException
from kazoo.exceptions import ConnectionLoss, OperationTimeoutError, SessionExpiredError
from kazoo.handlers.threading import KazooTimeoutError

ROOT = "/chaos"
REGISTERS = 4
# Longer than an answer takes while servers come back; a client that is stuck for good is replaced.
PATIENCE = 60
# Until clients have ended, or a server is there to be read.
END = 120
# What the client library makes up itself. All other errors are answers of the server.
NO_ANSWER = (
    ConnectionClosedError,
    ConnectionLoss,
    KazooTimeoutError,
    OperationTimeoutError,
    SessionExpiredError,
)
# How auditors are counted.
FIRST_AUDITOR = 1000


class Record:
    """Standard output, whole lines at a time."""

    def __init__(self):
        self.lock = threading.Lock()

    def write(self, line):
        text = json.dumps(line, separators=(",", ":"))
        with self.lock:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def kept(stat):
    return {"czxid": stat.czxid, "mzxid": stat.mzxid, "version": stat.version}


class Client:
    """A client of the ensemble that notes what it does. It goes back to the first server of its list."""

    def __init__(self, number, servers, options, record, auditor_of=None):
        self.number = number
        self.servers = servers
        self.options = options
        self.record = record
        self.auditor_of = auditor_of
        self.count = 0
        self.has_answer = False
        self.zookeeper = self.connection()

    def connection(self):
        retry = {"max_tries": -1, "delay": 0.1, "backoff": 2, "max_delay": 1, "ignore_expire": False}
        zookeeper = KazooClient(
            hosts=",".join(self.servers),
            timeout=self.options.session,
            randomize_hosts=False,
            connection_retry=retry,
        )
        # Until it has begun to look for a server, every question ends at once.
        zookeeper.start_async().wait(self.options.session)
        return zookeeper

    def replace(self):
        """Begins anew, also where the library has given up for good: it does where no name can be looked up."""
        old = self.zookeeper
        try:
            old.stop()
            old.close()
        except Exception as error:
            logging.warning("client %s: %r", self.number, error)
        self.zookeeper = self.connection()

    def stop(self):
        self.zookeeper.stop()
        self.zookeeper.close()

    def do(self, kind, path, ask, answer, **more):
        """One operation; what was found, or nothing."""
        event = {"client": self.number, "number": self.count, "start": time.monotonic_ns()}
        self.count += 1
        found = None
        try:
            found = answer(ask(self.zookeeper).get(timeout=PATIENCE))
            outcome = {"done": found}
        except NO_ANSWER as error:
            outcome = {"unknown": type(error).__name__}
        except KazooException as error:
            if kind == "get" and type(error).__name__ == "NoNodeError":
                outcome = {"done": None}
            else:
                outcome = {"refused": type(error).__name__}
        self.has_answer = "unknown" not in outcome
        event["end"] = time.monotonic_ns()
        event["session"] = (self.zookeeper.client_id or (0,))[0] or 0
        event["zxid"] = self.zookeeper.last_zxid
        if self.auditor_of:
            event["auditor_of"] = self.auditor_of
        event["operation"] = {"kind": kind, "path": path, **more, "outcome": outcome}
        self.record.write({"event": event})
        if outcome.get("unknown") in ("ConnectionClosedError", "KazooTimeoutError"):
            self.replace()
        return found

    def value(self):
        return f"{self.number}-{self.count}".encode()

    def set(self, path, version=None):
        value, asked = self.value(), -1 if version is None else version
        return self.do(
            "set", path, lambda zk: zk.set_async(path, value, asked), kept, expected=version
        )

    def create(self, path, sequential=False):
        value = self.value()
        return self.do(
            "create",
            path,
            lambda zk: zk.create_async(path, value, sequence=sequential, include_data=True),
            lambda made: {"path": made[0], "stat": kept(made[1])},
            sequential=sequential,
        )

    def delete(self, path):
        return self.do("delete", path, lambda zk: zk.delete_async(path), lambda done: None)

    def get(self, path):
        return self.do(
            "get",
            path,
            lambda zk: zk.get_async(path),
            lambda found: {"value": found[0].decode(), "stat": kept(found[1])},
        )

    def children(self, path):
        return self.do("children", path, lambda zk: zk.get_children_async(path), sorted)

    def sync(self, path):
        return self.do("sync", path, lambda zk: zk.sync_async(path), lambda done: None)


class Worker(threading.Thread):
    """A client that does this and that until it is told to stop."""

    def __init__(self, client, load):
        super().__init__(daemon=True)
        self.client = client
        self.load = load
        self.random = random.Random(f"{load.options.seed}-{client.number}")
        self.round = None
        self.own = []
        self.versions = {}
        self.has_failed = False

    def run(self):
        try:
            self.work()
        except Exception:
            # What it asked for last is not in the record, so that is worth nothing.
            self.has_failed = True
            logging.exception("client %s", self.client.number)

    def work(self):
        # Not all at the same moment.
        time.sleep(self.random.random() * self.load.options.pause)
        while not self.load.ending.is_set():
            if self.load.round is None:
                time.sleep(0.01)
                continue
            if self.round != self.load.round:
                self.round, self.own = self.load.round, []
                # Wherever it has fled to: each round begins with clients on every server.
                self.client.replace()
            self.step(f"{ROOT}/{self.round}")
            time.sleep(self.load.options.pause * (0.5 + self.random.random()))

    def step(self, root):
        client = self.client
        shared = f"{root}/r{self.random.randrange(REGISTERS)}"
        own = f"{root}/own{client.number}"
        dice = self.random.randrange(100)
        if dice < 28:
            self.read(shared)
        elif dice < 36:
            self.read(own)
        elif dice < 46:
            client.sync(root)
            self.read(shared)
        elif dice < 58:
            self.write(shared, None)
        elif dice < 68:
            self.write(shared, self.versions.get(shared))
        elif dice < 80:
            self.write(own, self.versions.get(own))
        elif dice < 92:
            made = client.create(f"{root}/q/n-", sequential=True)
            if made:
                self.own.append(made["path"])
        elif dice < 97:
            if len(self.own) > 3:
                client.delete(self.own.pop(self.random.randrange(len(self.own))))
        else:
            client.children(f"{root}/q")

    def read(self, path):
        found = self.client.get(path)
        if found:
            self.versions[path] = found["stat"]["version"]

    def write(self, path, version):
        stat = self.client.set(path, version)
        if stat:
            self.versions[path] = stat["version"]
        else:
            # Whatever it is now, it is not what we thought.
            self.versions.pop(path, None)


class Load:
    """All clients, and what they are to do."""

    def __init__(self, options):
        self.options = options
        self.record = Record()
        self.ending = threading.Event()
        self.round = None
        self.rounds = []
        self.maker = Client(0, options.servers, options, self.record)
        self.workers = [Worker(self.client(number), self) for number in range(1, options.clients + 1)]

    def client(self, number):
        """Each begins with another server."""
        first = (number - 1) % len(self.options.servers)
        servers = self.options.servers[first:] + self.options.servers[:first]
        return Client(number, servers, self.options, self.record)

    def start(self):
        for worker in self.workers:
            worker.start()

    def begin(self, name):
        root = f"{ROOT}/{name}"
        self.make(ROOT)
        self.make(root)
        self.make(f"{root}/q")
        for path in self.registers(name):
            self.make(path)
        self.rounds.append(name)
        self.round = name
        self.record.write({"ready": name})

    def registers(self, name):
        shared = [f"r{number}" for number in range(REGISTERS)]
        own = [f"own{worker.client.number}" for worker in self.workers]
        return [f"{ROOT}/{name}/{register}" for register in shared + own]

    def make(self, path):
        while not self.maker.get(path):
            # No answer is not the answer that there is none.
            if self.maker.has_answer:
                self.maker.create(path)

    def finish(self):
        self.ending.set()
        for worker in self.workers:
            worker.join(END)
            if worker.is_alive():
                raise RuntimeError(f"client {worker.client.number} does not end")
            if worker.has_failed:
                raise RuntimeError(f"client {worker.client.number} has failed")
        auditors = [
            threading.Thread(target=self.audit, args=(number, server), daemon=True)
            for number, server in enumerate(self.options.servers, FIRST_AUDITOR)
        ]
        for auditor in auditors:
            auditor.start()
        for auditor in auditors:
            auditor.join()
        for client in [self.maker] + [worker.client for worker in self.workers]:
            client.stop()

    def audit(self, number, server):
        name = server.partition(":")[0]
        client = Client(number, [server], self.options, self.record, auditor_of=name)
        deadline = time.monotonic() + END
        while not client.get(ROOT) and time.monotonic() < deadline:
            time.sleep(0.1)
        client.sync(ROOT)
        client.get(ROOT)
        for name in self.rounds:
            root = f"{ROOT}/{name}"
            for path in [root, f"{root}/q"] + self.registers(name):
                client.get(path)
            for child in client.children(f"{root}/q") or []:
                client.get(f"{root}/q/{child}")
        client.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--session", type=float, required=True, help="seconds")
    parser.add_argument("--pause", type=float, required=True, help="seconds between operations")
    parser.add_argument("servers", nargs="+")
    load = Load(parser.parse_args())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(threadName)s %(message)s")
    load.start()
    for line in iter(sys.stdin.readline, ""):
        word, _, name = line.strip().partition(" ")
        if word == "round":
            load.begin(name)
        elif word == "finish":
            load.finish()
            return
        else:
            raise RuntimeError(f"no such command: {line!r}")
    raise RuntimeError("standard input has ended before `finish`")


main()
