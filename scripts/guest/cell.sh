#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: doctor, then one recording of each server while the host drives it through the card.
#   cell.sh STOP_PORT SERVER[.NAME]:PORT:SIZE...
# $WITHOUT, if set, is what doctor and record do without. NAME tells apart several recordings of one server.
# /vm/prepare, if there, is run before each server with its name, and may change the card's settings; where it leaves
# /tmp/box, the server runs in the network namespace "box"; with the options it leaves in /tmp/options.
stop_port=$1
shift
out=/vm/out
without=${WITHOUT:+--without $WITHOUT}
# shellcheck disable=SC2086  # none, or two words
wakepath doctor $without --json >$out/doctor.json || { cat $out/doctor.json; exit 91; }
for pair in "$@"; do
	server=${pair%%:*} size=${pair##*:} port=${pair%:*} inside=
	port=${port#*:}
	if [ -e /vm/prepare ]; then
		sh -e /vm/prepare "$server" >>$out/prepare.txt 2>&1 || { cat $out/prepare.txt; exit 90; }
	fi
	[ -e /tmp/box ] && inside="/vm/ip netns exec box"
	# shellcheck disable=SC2046,SC2086  # none, or several words
	$inside wakepath-${server%%.*}-echo $(cat /tmp/options 2>/dev/null) --bind 0.0.0.0 --port "$port" --message-size "$size" --max-seconds 200 \
		--truth $out/$server.truth >/tmp/listening &
	pid=$!
	until [ -s /tmp/listening ]; do sleep 0.1; done
	rm -f /tmp/ready
	mkfifo /tmp/ready
	# shellcheck disable=SC2086  # none, or two words
	wakepath record $without -q -p $pid -o $out/$server.wkp --ready-fd 3 3>/tmp/ready 2>$out/$server.errors &
	recorder=$!
	if ! [ "$(dd if=/tmp/ready bs=1 count=1 2>/dev/null | wc -c)" = 1 ]; then
		cat $out/$server.errors
		exit 92
	fi
	cat /proc/interrupts >$out/$server.interrupts-before
	echo "@ready $server"
	$inside nc -l -p "$stop_port" </dev/null >/dev/null
	cat /proc/interrupts >$out/$server.interrupts-after
	kill -INT $recorder
	wait $recorder || { cat $out/$server.errors; exit 93; }
	cat /proc/$pid/stat >$out/$server.stat
	kill -TERM $pid
	wait $pid || exit 94
	rm -f /tmp/listening
done
