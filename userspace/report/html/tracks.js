// SPDX-License-Identifier: GPL-2.0-or-later
// Slices, the rows they are drawn in, and what makes a million of them fast: sums and maxima of runs.

const LANE = { irq: 0, softirq: 1, napi: 2, task: 3, state: 4, call: 5, unread: 6 };
const KIND = { irq: 0, timer: 1, softirq: 2, napi: 3, watched: 4, other: 5, kernel: 6, self: 7, running: 8, runnable: 9,
               preempted: 10, blocked: 11, wait: 12, read: 13, send: 14, accept: 15, unread: 16, unknown: 17 };
const KIND_TEXT = ["interrupt", "timer interrupt", "softirq", "NAPI poll", "watched task", "other task", "kernel thread",
                   "the recorder", "running", "waits for a CPU", "preempted, waits for a CPU", "blocked", "wait call",
                   "receiving call", "sending call", "accepting call", "unread", "not known"];
const BLOCK = 16;
const POINTS = 64;  // pixels of the row of requests

class Slices {
  constructor(data) {
    this.names = data.head.timeline.names;
    this.tracks = data.head.timeline.tracks;
    this.begin = column(data, "s.gap", Float64Array, true);
    this.end = column(data, "s.duration", Float64Array, false);
    this.name = column(data, "s.name", Uint32Array, false);
    this.kind = column(data, "s.kind", Uint8Array, false);
    this.a = column(data, "s.a", Float64Array, true);
    this.b = column(data, "s.b", Float64Array, true);
    this.count = this.begin.length;
    this.busy = new Float64Array(this.count + 1);
    let at = 0;
    for (const track of this.tracks) {
      track.first = at;
      track.last = at + track.slices;
      let previous = 0;
      for (; at < track.last; ++at) {
        const length = this.end[at];
        this.busy[at + 1] = this.busy[at] + length;
        this.begin[at] += previous;
        previous = this.end[at] = this.begin[at] + length;
      }
    }
    this.unseen = this.kind.map((kind) => kind & 3);
    this.kind = this.kind.map((kind) => kind >> 2);
    this.longest = new Maxima(this.count, (i) => this.end[i] - this.begin[i]);
    this.largest = new Maxima(this.count, (i) => this.a[i]);
  }

  /** The slice of a track at a time, -1: none. */
  at(track, time) {
    const next = firstAbove(this.begin, time, track.first, track.last);
    return next > track.first && this.end[next - 1] >= time ? next - 1 : -1;
  }

  title(i) {
    const name = this.names[this.name[i]];
    switch (this.kind[i]) {
      case KIND.watched: case KIND.other: case KIND.kernel: case KIND.self: return (name || "task") + "/" + this.a[i];
      case KIND.blocked: return name ? "blocked in " + name : "blocked";
      case KIND.unread: return bytesText(this.a[i]) + " unread";
      case KIND.irq: return name || "line " + this.a[i];
      default: return name;
    }
  }
}

/** Answers which of a run of slices is the greatest, in steps that grow with the logarithm of the run. */
class Maxima {
  constructor(count, value) {
    this.value = value;
    this.levels = [];  // levels[k][j]: of [j * 16^(k+1), (j+1) * 16^(k+1))
    for (let size = BLOCK, below = null; size <= count; size *= BLOCK) {
      const level = new Uint32Array(Math.floor(count / size));
      for (let j = 0; j < level.length; ++j) {
        let best = -1;
        let most = -1;
        for (let k = 0; k < BLOCK; ++k) {
          const i = below ? below[j * BLOCK + k] : j * BLOCK + k;
          const v = value(i);
          if (v > most || best < 0) {
            most = v;
            best = i;
          }
        }
        level[j] = best;
      }
      this.levels.push(level);
      below = level;
    }
  }

  /** For a pixel's colour the blocks inside the run will do. */
  roughly(from, to) {
    const inner = Math.ceil(from / BLOCK) * BLOCK;
    const outer = Math.floor(to / BLOCK) * BLOCK;
    return outer - inner >= 2 * BLOCK ? this.of(inner, outer) : this.of(from, to);
  }

  of(from, to) {
    let best = from;
    let most = this.value(from);
    while (from < to) {
      let level = -1;
      let size = 1;
      while (level + 1 < this.levels.length && from % (size * BLOCK) === 0 && from + size * BLOCK <= to) {
        size *= BLOCK;
        ++level;
      }
      const i = level < 0 ? from : this.levels[level][from / size];
      const v = this.value(i);
      if (v > most) {
        most = v;
        best = i;
      }
      from += size;
    }
    return best;
  }
}

/** The rows from top to bottom, group by group. A row has {kind, label, height, track}. */
function makeRows(model) {
  const rows = [{ kind: "points", label: "requests", sub: "by start and total", height: POINTS, id: "requests", pinned: true },
                { kind: "story", label: "selected request", sub: "", height: 22, id: "story", pinned: true }];
  const { slices, requests } = model;
  const tracks = (lane) => slices.tracks.filter((track) => track.lane === lane);
  const cpus = [...new Set([LANE.irq, LANE.softirq, LANE.napi, LANE.task].flatMap((l) => tracks(l).map((t) => t.key)))]
    .sort((a, b) => a - b);
  for (const cpu of cpus) {
    rows.push({ kind: "group", label: "CPU " + cpu, height: 18, id: "cpu" + cpu, cpu: Number(cpu) });
    const lanes = [[LANE.irq, "interrupts", 14], [LANE.softirq, "softirqs", 16], [LANE.napi, "NAPI polls", 12],
                   [LANE.task, "tasks", 20]];
    for (const [lane, label, height] of lanes) {
      const track = tracks(lane).find((t) => t.key === cpu);
      if (track) rows.push({ kind: "slices", label, height, track, cpu: Number(cpu), id: "cpu" + cpu + "." + lane });
    }
  }
  addThreads(rows, model, tracks);
  addSockets(rows, model, tracks, requests);
  return rows;
}

function addThreads(rows, model, tracks) {
  const uses = new Uint32Array(model.requests.threads.length);
  for (const thread of model.requests.thread) ++uses[thread];
  const counts = new Map(model.requests.threads.map((thread, k) => [thread.tid + "." + thread.start, uses[k]]));
  const keys = [...new Set([LANE.state, LANE.call].flatMap((l) => tracks(l).map((t) => t.tid + "." + t.start)))];
  keys.sort((a, b) => (counts.get(b) || 0) - (counts.get(a) || 0));
  if (keys.length) rows.push({ kind: "group", label: "Threads", height: 18, id: "threads" });
  for (const key of keys) {
    const name = model.taskNames.get(key);
    const label = (name ? name.comm : "task") + "/" + key.split(".")[0];
    for (const [lane, height, sub] of [[LANE.state, 18, ""], [LANE.call, 16, "system calls"]]) {
      const track = tracks(lane).find((t) => t.tid + "." + t.start === key);
      if (track) rows.push({ kind: "slices", label: sub || label, sub, height, track, thread: key, id: "t" + key + "." + lane });
    }
  }
}

function addSockets(rows, model, tracks, requests) {
  const uses = new Uint32Array(requests.sockets.length);
  for (const socket of requests.socket) ++uses[socket];
  const names = new Map(requests.sockets.map((socket) => [socket.cookie, socket]));
  const counts = new Map(requests.sockets.map((socket, k) => [socket.cookie, uses[k]]));
  const list = tracks(LANE.unread).sort((a, b) => (counts.get(b.key) || 0) - (counts.get(a.key) || 0));
  if (list.length) rows.push({ kind: "group", label: "Sockets: unread", height: 18, id: "sockets" });
  for (const track of list) {
    const socket = names.get(track.key);
    track.most = 1;
    for (let i = track.first; i < track.last; ++i) track.most = Math.max(track.most, model.slices.a[i]);
    rows.push({ kind: "area", label: socket ? socket.peer || socket.protocol : "socket " + track.key, height: 22, track,
                socket: track.key, id: "s" + track.key });
  }
}
