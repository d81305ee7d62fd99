#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One recording, exported in every format and read by other programs: usage exports_test.py SOURCE_DIR BINARY_DIR

sqlite3 answers the questions of docs/exports.md, protoc decodes the Perfetto trace with our schema, tshark shows the
comments, speedscope opens Chrome's trace and the folded stacks; and what each of them says is what the JSON lines say. 77: skipped.
"""
import csv
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import frame

SOURCE, BINARY = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
WAKEPATH = str(BINARY / "wakepath")
SECONDS = 30
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def capture(begun, stop, packets):
    """What arrives on the loopback, with the kernel's own times."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as tap:
        tap.bind(("lo", 0))
        tap.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        tap.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE: others may use the loopback, too
        tap.settimeout(0.1)
        begun.set()
        while not stop.is_set():
            try:
                data, control, _, address = tap.recvmsg(65536, 256)
            except TimeoutError:
                continue
            if address[2] != socket.PACKET_OUTGOING and control:
                packets.append((*struct.unpack("qq", control[0][2]), data))


def ask_all(clients):
    for _ in range(50):
        for client in clients:
            client.sendall(bytes(64))
        for client in clients:
            left = 64
            while left:
                left -= len(client.recv(left))
    for client in clients:
        client.close()


def record(folder):
    """An echo server at work for four connections, and the packets meanwhile."""
    file, pcap, packets = f"{folder}/a.wkp", f"{folder}/a.pcap", []
    begun, stop = threading.Event(), threading.Event()
    server = subprocess.Popen([str(BINARY / "demo-servers/wakepath-faulty-echo"), "--max-seconds", "60", "--sleep-us", "200"],
                              stdout=subprocess.PIPE, text=True)
    tap = threading.Thread(target=capture, args=(begun, stop, packets))
    try:
        port = int(server.stdout.readline().split()[1])
        with frame.recording(WAKEPATH, file, "-p", server.pid, "-d", "60", "--detail", "timeline"):
            tap.start()
            begun.wait(timeout=SECONDS)
            ask_all([socket.create_connection(("127.0.0.1", port), timeout=SECONDS) for _ in range(4)])
            time.sleep(0.2)
    finally:
        stop.set()
        server.terminate()
        server.wait(timeout=SECONDS)
    tap.join()
    with open(pcap, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for seconds, ns, data in packets:
            out.write(struct.pack("<IIII", seconds, ns, len(data), len(data)) + data)
    return file, pcap


def export(kind, file, output, *more):
    run(WAKEPATH, "export", kind, file, "-o", output, *more)
    return output


def check_csv(file, paths):
    with open(file, newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    check(len(rows) == len(paths), f"csv: {len(rows)} rows of {len(paths)} requests")
    causes = [name for name in rows[0] if name.endswith("_ns") and not name.endswith("_ts_ns") and name != "total_ns"]
    for row, path in zip(rows, paths):
        check(int(row["total_ns"]) == path["total_ns"] == sum(int(row[c]) for c in causes), f"csv: row {row['id']}")
        check(row["first_cause"] == path["blame"][0]["cause"], f"csv: first cause of row {row['id']}")


def check_folded(file, paths):
    total = sum(int(line.rsplit(" ", 1)[1]) for line in pathlib.Path(file).read_text().splitlines())
    check(total == sum(path["total_ns"] for path in paths), "folded: does not add up to all requests")


def check_sqlite(file, paths):
    page = (SOURCE / "docs/exports.md").read_text()
    questions = page.split("```sql\n")[1:]
    check(len(questions) == 5, f"exports.md asks {len(questions)} questions instead of five")
    for question in questions:
        answer = run("sqlite3", "-json", file, question.split("```")[0], text=True)
        check(answer.strip(), f"sqlite: no answer to {question.split(chr(10))[0]}")
    said = json.loads(run("sqlite3", "-json", file, "SELECT id, total_ns FROM request ORDER BY id", text=True))
    check([(r["id"], r["total_ns"]) for r in said] == [(p["id"], p["total_ns"]) for p in paths], "sqlite: other requests")
    uneven = run("sqlite3", file, "SELECT count(*) FROM request WHERE total_ns <> "
                 "(SELECT sum(ns) FROM blame WHERE request = request.id)", text=True)
    check(uneven.strip() == "0", f"sqlite: the blame of {uneven.strip()} requests does not add up")


def check_chrome(file, paths):
    text = pathlib.Path(file).read_text()
    check(text.startswith('{"traceEvents":['), "chrome: some readers want traceEvents first")
    events = json.loads(text)["traceEvents"]
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    check(starts and starts.keys() == ends.keys(), "chrome: arrows without an end")
    check(all(starts[i]["ts"] <= ends[i]["ts"] for i in starts), "chrome: arrows into the past")
    spans = {e["id"] for e in events if e["ph"] == "b"}
    check(spans == {path["id"] for path in paths}, "chrome: other requests")
    tracks = {}
    for e in sorted((e for e in events if e["ph"] == "X"), key=lambda e: e["ts"]):
        track = (e["pid"], e["tid"])
        check(tracks.get(track, 0) <= e["ts"] + 0.0005, f"chrome: slices of {track} overlap at {e['ts']}")
        tracks[track] = e["ts"] + e["dur"]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """Field numbers and values of a message; the schema says what they mean."""
    at, found = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        found.append((tag >> 3, value))
    return found


def check_tracks(packets, paths):
    declared, slices, flows = set(), {}, {}
    for packet in packets:
        if 60 in packet:
            declared.add(dict(fields(packet[60]))[1])
        if 11 in packet:
            event = dict(fields(packet[11]))
            check(event[11] in declared, f"perfetto: track {event[11]} is used before it is declared")
            slices.setdefault(event[11], []).append((packet[8], event))
            for number in (47, 48):
                if number in event:
                    flows.setdefault(event[number], []).append((packet[8], number))
    requests = 0
    for track, events in slices.items():
        depth = 0
        for _, event in sorted(events, key=lambda e: e[0]):
            depth += 1 if event[9] == 1 else -1
            check(depth >= 0, f"perfetto: a slice of track {track} ends before it begins")
            requests += event[9] == 1 and event.get(22) == b"request"
        check(depth == 0, f"perfetto: {depth} slices of track {track} do not end")
    check(requests == len(paths), f"perfetto: {requests} request slices of {len(paths)}")
    check(flows, "perfetto: no flows")
    for flow, ends in flows.items():
        check([number for _, number in sorted(ends)] == [47, 48], f"perfetto: flow {flow} is no arrow: {ends}")


def check_scheduler(packets):
    ran, switches, wakes, irqs = {}, 0, 0, 0
    for packet in packets:
        if 1 not in packet:
            continue
        bundle = fields(packet[1])
        cpu, latest = dict(bundle)[1], 0
        for event in (dict(fields(value)) for number, value in bundle if number == 2):
            check(event[1] >= latest, f"perfetto: time runs backwards on CPU {cpu}")
            latest = event[1]
            wakes += 20 in event
            irqs += 24 in event or 36 in event
            if 4 not in event:
                continue
            switch = dict(fields(event[4]))
            check(ran.get(cpu, switch[2]) == switch[2], f"perfetto: CPU {cpu} switches from {switch[2]}, which did not run there")
            ran[cpu] = switch[6]
            switches += 1
    check(switches and wakes, f"perfetto: {switches} switches, {wakes} wakes")
    check(irqs, "perfetto: no interrupts and no softirqs")


def check_perfetto(file, paths):
    data = pathlib.Path(file).read_bytes()
    schema = SOURCE / "docs/schema"
    text = run("protoc", f"--proto_path={schema}", "--decode=wakepath.Trace", str(schema / "perfetto.proto"), input=data).decode()
    unknown = [line for line in text.splitlines() if line.split(":")[0].split("{")[0].strip().isdigit()]
    check(not unknown, f"perfetto: fields that our schema does not know: {unknown[:3]}")
    packets = [dict(fields(value)) for _, value in fields(data)]
    check(text.count("\npacket {") + 1 == len(packets), "perfetto: protoc sees other packets")
    check(6 in packets[0], "perfetto: the first packet is not the clock snapshot")
    check_tracks(packets, paths)
    check_scheduler(packets)


def check_pcapng(file, paths):
    lines = run("tshark", "-r", file, "-Y", "frame.comment", "-T", "fields", "-e", "tcp.srcport", "-e", "frame.comment",
                text=True).splitlines()
    by_id = {path["id"]: path for path in paths}
    for line in lines:
        port, comment = line.split("\t")
        path = by_id[int(comment.split("#")[1].split(":")[0])]
        check(path["socket"]["peer"].endswith(":" + port), f"pcapng: {comment} stands on a packet from port {port}")
        check(path["blame"][0]["cause"] in comment, f"pcapng: {comment} does not name {path['blame'][0]['cause']}")
    check(len(lines) * 10 >= len(paths) * 9, f"pcapng: {len(lines)} comments for {len(paths)} requests")
    expert = run("tshark", "-r", file, "-q", "-z", "expert", text=True)
    check("wakepath request" in expert, "pcapng: no comment in the expert information")


def check_speedscope(file, *names):
    done = subprocess.run(["node", SOURCE / "tests/html/speedscope.mjs", file, *names], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=180)
    check(done.returncode == 0, f"speedscope: {done.stdout}")


def test(_source, _binary, folder):
    file, pcap = record(folder)
    paths = [json.loads(line) for line in run(WAKEPATH, "export", "jsonl", file, text=True).splitlines()]
    check(len(paths) >= 200, f"{len(paths)} requests were recorded of 200")
    check(all("total_ns" in path for path in paths), "a request without a total")
    check_csv(export("csv", file, f"{folder}/a.csv"), paths)
    check_folded(export("folded", file, f"{folder}/a.folded"), paths)
    check_sqlite(export("sqlite", file, f"{folder}/a.db"), paths)
    largest = max(pathlib.Path(f"{folder}/a.folded").read_text().splitlines(), key=lambda line: int(line.rsplit(" ", 1)[1]))
    check_speedscope(f"{folder}/a.folded", largest.split(";")[1].split(" ")[0])
    check_chrome(export("chrome", file, f"{folder}/a.json"), paths)
    check_speedscope(f"{folder}/a.json", "CPUs", "receive")
    check_perfetto(export("perfetto", file, f"{folder}/a.pftrace"), paths)
    check_pcapng(export("pcapng", file, f"{folder}/a.pcapng", "--merge-pcap", pcap), paths)
    print("\n".join(failures[:20]) or "every export says what the recording says")
    return bool(failures)


if __name__ == "__main__":
    if not (SOURCE / "tests/html/node_modules/speedscope").is_dir():
        print("SKIPPED: needs speedscope; run scripts/setup")
        sys.exit(frame.SKIPPED)
    sys.exit(frame.run(test, ("sqlite3", "protoc", "tshark", "chromium", "node")))
