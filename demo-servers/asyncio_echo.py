#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An echo server on asyncio: a task for each connection, all of them in one thread.

Expected path: `await loop.sock_recv()` looks like a blocking read, and is not: the event loop tries recv() at once,
which says EAGAIN, then waits in epoll_wait() for all sockets together: an `ep_poll_callback` entry, the return of the
wait, and the recv() that gets the data.
"""
import asyncio

from common.echo import listen_on, options_and_log, session_of

OPTIONS, LOG = options_and_log()


async def serve(connection):
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    session = session_of(connection, OPTIONS)
    with connection:
        while True:
            before = session.now()
            data = await loop.sock_recv(connection, 65536)
            answer = session.took(LOG, data, before)
            if not data:
                return
            await loop.sock_sendall(connection, answer)


async def main():
    listener = listen_on(OPTIONS)
    listener.setblocking(False)
    serving = set()
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        task = asyncio.create_task(serve(connection))
        serving.add(task)
        task.add_done_callback(serving.discard)


asyncio.run(main())
