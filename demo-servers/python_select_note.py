#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The select server in the shape of the study note: it waits for its listening socket and never accepts.

Expected: asleep in select() until the first client comes. From then on the listener is readable at every call, so that
select() returns at once, for ever: the event-driven server has become a busy loop, by one missing line. Nothing is
ever read, so there is no path.
"""
import select

from common.echo import listen_on, options_and_log

OPTIONS, _ = options_and_log()
server_socket = listen_on(OPTIONS)
inputs = [server_socket]
while True:
    readable, writable, exceptional = select.select(inputs, [], [])
