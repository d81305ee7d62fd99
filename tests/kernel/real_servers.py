# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers nobody here wrote, on loopback with a private folder, and their load. They end with whoever started them."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import typing

import frame

CONNECTIONS, REQUESTS, PAUSE_S = 4, 240, 0.008
SECONDS = 60
ASYNCIO = """
import asyncio, sys
async def serve(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()
asyncio.run(main())
"""
NODE = """require("net").createServer(c => c.on("data", d => c.write(d)).on("error", () => {}))
.listen(+process.argv[1], "127.0.0.1")"""
APACHE = """ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
LoadModule mpm_{mpm}_module /usr/lib/apache2/modules/mod_mpm_{mpm}.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
DocumentRoot {folder}
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
StartServers 4
User www-data
Group www-data
"""
NGINX = """daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; location / {{ return 200 "x"; }} }} }}
"""
HTTP = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"


def program(*names):
    for name in names:
        found = shutil.which(name) or (name if os.path.isabs(name) and os.path.exists(name) else None)
        if found:
            return found
    raise FileNotFoundError(names[0])


def redis(folder, port, *more):
    return [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, *more]


def nginx(folder, port):
    pathlib.Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    return [program("nginx"), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]


def apache(mpm):
    def command(folder, port):
        pathlib.Path(folder, "index.html").write_text("x")
        pathlib.Path(folder, "apache.conf").write_text(APACHE.format(folder=folder, port=port, mpm=mpm))
        return [program("apache2", "/usr/sbin/apache2"), "-f", f"{folder}/apache.conf", "-DFOREGROUND"]
    return command


def postgres(folder, port):
    home = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if home is None:
        raise FileNotFoundError("postgres")
    shutil.chown(folder, "postgres")
    subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", home / "initdb", "-D", f"{folder}/db",
                    "-A", "trust", "--no-sync"], check=True, stdout=subprocess.DEVNULL)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", str(home / "postgres"), "-D", f"{folder}/db",
            "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F", "-c", "autovacuum=off"]


def asyncio(_folder, port):
    return [program("/usr/bin/python3"), "-c", ASYNCIO, str(port)]


def node(_folder, port):
    return [program("node", "nodejs"), "-e", NODE, str(port)]


def read_until(connection, is_whole):
    data = b""
    while not is_whole(data):
        got = connection.recv(65536)
        if not got:
            raise ConnectionError("the server hung up")
        data += got


def ready_for_query(data):
    return len(data) >= 6 and data[-6:-1] == b"Z\x00\x00\x00\x05"


def postgres_hello(connection):
    body = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
    connection.sendall(struct.pack("!i", len(body) + 4) + body)
    read_until(connection, ready_for_query)


def exchange(request, is_whole):
    """Sends one request on each of the connections, and then reads the answers."""
    def once(*connections):
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            read_until(connection, is_whole)
    return once


PING = exchange(b"PING\r\n", lambda data: data.endswith(b"+PONG\r\n"))
ECHO = exchange(b"x" * 64, lambda data: len(data) == 64)
GET = exchange(HTTP, lambda data: data.endswith(b"\r\n\r\nx"))
SELECT = exchange(b"Q" + struct.pack("!i", 13) + b"SELECT 1\0", ready_for_query)

EVENT = {"event_driven"}


@dataclasses.dataclass
class Kind:
    """A server, and what its documentation says it is."""
    command: typing.Callable  # (folder, port) -> argv
    request: typing.Callable  # one exchange on a connection
    architecture: str
    mechanism: str = "epoll"
    hello: typing.Callable | None = None  # what a connection says first
    classes: frozenset = frozenset(EVENT)
    at_once: bool = False  # requests on every connection together, so that there is work for helper threads


def redis_with_io_threads(folder, port):
    return redis(folder, port, "--io-threads", "3", "--io-threads-do-reads", "yes")


KINDS = {
    "redis": Kind(redis, PING, "multiplexing"),
    # Its I/O threads look again and again for more work before they sleep: a hybrid by construction.
    "redis-io-threads": Kind(redis_with_io_threads, PING, "multiplexing", classes=frozenset({"event_driven", "hybrid"}),
                             at_once=True),
    "nginx": Kind(nginx, GET, "multiplexing"),
    "asyncio": Kind(asyncio, ECHO, "multiplexing"),
    "node": Kind(node, ECHO, "multiplexing"),
    "postgres": Kind(postgres, SELECT, "process_per_connection", hello=postgres_hello),
    "apache-prefork": Kind(apache("prefork"), GET, "prefork", mechanism=""),
    "apache-worker": Kind(apache("worker"), GET, "dispatcher", mechanism=""),
    "apache-event": Kind(apache("event"), GET, "dispatcher", mechanism=""),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """One of KINDS, from its start to its end. FileNotFoundError: it is not installed."""

    def __init__(self, name):
        self.name, self.kind, self.port = name, KINDS[name], free_port()
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        try:
            command = self.kind.command(self.folder.name, self.port)
            with open(os.path.join(self.folder.name, "output"), "wb") as output:
                self.process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                                start_new_session=True)  # apache ends its whole process group
        except BaseException:
            self.folder.cleanup()
            raise

    def connect(self):
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.kind.hello:
                    self.kind.hello(connection)
                return connection
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def load(self):
        """Paced requests; the connections are returned open."""
        connections = [self.connect() for _ in range(4 * CONNECTIONS if self.kind.at_once else CONNECTIONS)]
        for number in range(REQUESTS):
            self.kind.request(*(connections if self.kind.at_once else [connections[number % CONNECTIONS]]))
            time.sleep(PAUSE_S)
        return connections

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


@contextlib.contextmanager
def running(names):
    """Those of the names that are installed, up and answering; and the names of those that are not installed."""
    servers, missing = [], []
    try:
        for name in names:
            try:
                servers.append(Running(name))
            except FileNotFoundError:
                missing.append(name)
        for server in servers:
            server.connect().close()
        yield servers, missing
    finally:
        for server in servers:
            server.stop()


def load_all(servers):
    """Loads all of them at the same time; what failed, and the connections."""
    return frame.at_once(servers, Running.load)


def record(wakepath, servers, file, during):
    """Records all of them while `during()` runs; returns what it returned."""
    with frame.recording(wakepath, file, "-f", "-p", ",".join(str(server.process.pid) for server in servers), "--ring", "64"):
        return during()


def complaints(kind, idle, loaded):
    """What contradicts its documentation, of its two verdicts."""
    if loaded["class"] not in kind.classes:
        yield f"is {'/'.join(sorted(kind.classes))}"
    if not (loaded["kind"] or "").startswith(kind.mechanism):
        yield f"waits by {kind.mechanism}"
    if loaded["architecture"] != kind.architecture:
        yield f"is built as {kind.architecture}"
    if idle["class"] not in ("undetermined", "event_driven", "no_network"):
        yield f"idle it is called {idle['class']}"
