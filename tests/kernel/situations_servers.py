# SPDX-License-Identifier: GPL-2.0-or-later
"""The recorded side of situations_test.py: each function is one small server that does one thing in one order.

Started as `situations_servers.py NAME DESCRIPTOR...`. It says `port N` (or `port 0`), accepts what it needs, says
`ready TID...`, and from then on makes no system call that is not part of the situation: it waits for data with
FIONREAD, in a loop, where being asleep would be another situation.
"""
import array
import fcntl
import mmap
import os
import select
import socket
import sys
import termios
import time

PIECE, REQUEST = 10, 64
SECONDS = 10


def say(*words):
    print(*words, flush=True)


def spin_until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("waited too long")


def readable(descriptor):
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count, True)
    return count[0]


def spin_until_readable(descriptor, at_least):
    spin_until(lambda: readable(descriptor) >= at_least)


def listen(family=socket.AF_INET, address="127.0.0.1"):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((address, 0))
    listener.listen(8)
    say("port", listener.getsockname()[1])
    return listener


def accept(count, **how):
    """Connections by number, and the epoll instance that watches them. Accepted before the recording begins."""
    listener = listen(**how)
    connections = [listener.accept()[0] for _ in range(count)]
    poll = select.epoll()
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(connection, select.EPOLLIN)
    say("ready", os.getpid(), *(connection.fileno() for connection in connections))
    return connections, poll


def interleaved():
    (a, b), poll = accept(2)
    poll.poll()  # a's data ends this
    spin_until_readable(b, REQUEST)
    b.recv(REQUEST)
    a.recv(REQUEST)


def five_segments():
    (a,), poll = accept(1)
    poll.poll()
    spin_until_readable(a, 5 * PIECE)
    a.recv(4096)


def five_requests():
    (a,), poll = accept(1)
    poll.poll()
    spin_until_readable(a, 5 * PIECE)
    for _ in range(5):
        a.recv(PIECE)
        a.send(b"x")


def migrates():
    (a,), poll = accept(1)
    for cpu in sorted(os.sched_getaffinity(0))[:2]:
        os.sched_setaffinity(0, {cpu})
        poll.poll()
        a.recv(REQUEST)
        a.send(b"x")


def busy():
    (a, b), poll = accept(2)
    poll.poll()
    a.recv(REQUEST)
    a.send(b"x")  # now the client sends to b
    spin_until_readable(b, REQUEST)
    poll.poll()
    b.recv(REQUEST)
    b.send(b"x")
    spin_until_readable(b, REQUEST)
    b.recv(REQUEST)


def spurious():
    """The child reads once the parent's poll has returned, and before the parent reads."""
    listener = listen()
    a = listener.accept()[0]
    has_returned = mmap.mmap(-1, 1)  # shared with the child
    child = os.fork()
    if child == 0:
        spin_until(lambda: has_returned[0])
        a.recv(REQUEST)
        os._exit(0)
    poll = select.poll()
    poll.register(a, select.POLLIN)
    say("ready", os.getpid(), child)
    poll.poll()
    has_returned[0] = 1
    spin_until(lambda: readable(a) == 0)
    try:
        a.recv(REQUEST, socket.MSG_DONTWAIT)
        sys.exit("the parent got the data")
    except BlockingIOError:
        os.waitpid(child, 0)


def peek():
    (a,), poll = accept(1)
    poll.poll()
    a.recv(REQUEST, socket.MSG_PEEK)
    a.recv(REQUEST)
    a.send(b"x")


def datagrams():
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind(("127.0.0.1", 0))
    say("port", a.getsockname()[1])
    say("ready", os.getpid(), a.fileno())
    a.recvfrom(4096)
    spin_until_readable(a, 1)
    a.recvfrom(4096)


def unix_stream():
    a = socket.socket(fileno=int(sys.argv[2]))
    say("port", 0)
    say("ready", os.getpid(), a.fileno())
    poll = select.epoll()
    poll.register(a, select.EPOLLIN)
    poll.poll()
    a.recv(REQUEST)


def pipe():
    descriptor = int(sys.argv[2])
    say("port", 0)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    say("ready", os.getpid(), descriptor)
    poll.poll()
    os.read(descriptor, REQUEST)


def version_six():
    (a,), poll = accept(1, family=socket.AF_INET6, address="::1")
    poll.poll()
    a.recv(REQUEST)
    a.send(b"x")


def blocking():
    listener = listen()
    a = listener.accept()[0]
    say("ready", os.getpid(), a.fileno())
    a.recv(REQUEST)


def selecting():
    listener = listen()
    a = listener.accept()[0]
    say("ready", os.getpid(), a.fileno())
    select.select([a], [], [])
    a.recv(REQUEST)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
