#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The select server of the study note, complete: it accepts, reads and answers what select() says is ready.

Expected path: as the C++ select server: a `pollwake` entry on every socket's queue at each call, gone at its return;
then waking, running, the return of the wait, recv(). Python adds time between the return and the read, and calls
select() through the C library: the system call is the same.
"""
import select

from common.echo import accept, listen_on, options_and_log

OPTIONS, LOG = options_and_log()
server_socket = listen_on(OPTIONS)
inputs = [server_socket]
sessions = {}

while True:
    readable, writable, exceptional = select.select(inputs, [], [])
    for ready in readable:
        if ready is server_socket:
            session = accept(server_socket, OPTIONS)
            inputs.append(session.socket)
            sessions[session.socket] = session
        elif not sessions[ready].serve(LOG):
            inputs.remove(ready)
            del sessions[ready]
            ready.close()
