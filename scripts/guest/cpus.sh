#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: doctor, then each demo recorded and compared with what its two ends logged.
#   cpus.sh REQUESTS UNPLUG DEMO...
# UNPLUG: CPUs that go and come back, one after the other, as long as a demo runs ("" is none).
requests=$1 unplug=$2
shift 2
out=/vm/out cpus=/sys/devices/system/cpu
echo "$(cat $cpus/possible) $(cat $cpus/online)" >$out/cpus
wakepath doctor --json >$out/doctor.json || { cat $out/doctor.json; exit 91; }
for demo in "$@"; do
	touch /tmp/goes-on
	while [ -n "$unplug" ] && [ -e /tmp/goes-on ]; do
		[ -s "$out/$demo.wkp" ] || { sleep 0.2; continue; } # once it records
		for cpu in $unplug; do
			echo 0 >$cpus/cpu$cpu/online && echo "$cpu off" >>$out/unplugged
			sleep 0.2
			echo 1 >$cpus/cpu$cpu/online
			sleep 0.2
		done
	done &
	wakepath demo "$demo" --connections 16 --requests "$requests" --json --force -o "$out/$demo.wkp" >"$out/$demo.json" \
		2>"$out/$demo.errors"
	rm /tmp/goes-on
	wait
	echo "@done $demo"
done
