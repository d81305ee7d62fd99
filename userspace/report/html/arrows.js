// SPDX-License-Identifier: GPL-2.0-or-later
// Where a request's stages lie on the rows: what is highlighted, and what the arrows join.

/** Which kind of row a stage is drawn on, with the kinds of slices that may be there. */
const STAGE_PLACES = {
  irq: [LANE.irq, [KIND.irq]], raise: [LANE.irq, [KIND.irq]], softirq: [LANE.softirq, [KIND.softirq]],
  driver: [LANE.napi, [KIND.napi]], queued: [LANE.unread, [KIND.unread]],
  waking: [LANE.state, [KIND.runnable, KIND.preempted]], running: [LANE.state, [KIND.running]],
  returned: [LANE.call, [KIND.wait]], read: [LANE.call, [KIND.read]], reply: [LANE.call, [KIND.send]],
};
/** On which row a stage's own time is marked. */
const STAGE_LANE = { hw: 0, irq: 0, raise: 0, softirq: 1, driver: 1, stack: 1, protocol: 1, queued: 1, waking: 1, runnable: 4,
                     running: 4, returned: 4, read: 4, copied: 5, done: 5, reply: 4, xmit: 5 };

class RequestPicture {
  constructor(model, index) {
    this.model = model;
    this.index = index;
    const { requests } = model;
    this.story = requests.story(index);
    this.thread = requests.threads[requests.thread[index]];
    this.socket = requests.sockets[requests.socket[index]];
    this.timed = this.story.filter((stage) => !Number.isNaN(stage.time));
    this.points = this.findPoints();
    this.marked = new Set(this.points.filter((p) => p.slice >= 0).map((p) => p.slice));
    this.rivals = this.findRivals();
    for (const slice of this.rivals) this.marked.add(slice);
    this.bands = this.findBands();
  }

  track(lane, cpu) {
    const thread = this.thread.tid + "." + this.thread.start;
    return this.model.slices.tracks.find((t) => t.lane === lane && (
      lane < LANE.state ? Number(t.key) === cpu
        : lane === LANE.unread ? t.key === this.socket.cookie : t.tid + "." + t.start === thread)) || null;
  }

  /** [{stage, time, track, slice}]: slice -1 where the row has none there, as before the recording or after a loss. */
  findPoints() {
    const points = [];
    for (const stage of this.timed) {
      const [lane, kinds] = STAGE_PLACES[stage.name] || [];
      if (lane === undefined) continue;
      let track = this.track(lane, stage.cpu);
      let slice = track ? this.sliceAt(track, stage.time, kinds) : -1;
      if (stage.name === "driver" && slice < 0) {  // a virtual device: its driver is the sender, inside its own task
        track = this.track(LANE.task, stage.cpu);
        slice = track ? this.sliceAt(track, stage.time, [KIND.watched, KIND.other, KIND.kernel, KIND.self]) : -1;
        if (slice < 0) continue;
      }
      if (stage.name === "raise" || !track) continue;
      points.push({ stage: stage.name, time: stage.time, track, slice });
    }
    return points;
  }

  /** What of the machine it came by. */
  places() {
    const cpus = new Set(this.timed.filter((stage) => stage.cpu >= 0).map((stage) => stage.cpu));
    return { cpus, thread: this.thread.tid + "." + this.thread.start, socket: this.socket.cookie };
  }

  /** A stage is stamped by its own hook: one that begins a slice may lie a moment before or after its begin. */
  sliceAt(track, time, kinds) {
    const { slices } = this.model;
    const at = slices.at(track, time);
    for (const i of [at, at + 1]) {
      const inside = i >= track.first && i < track.last && slices.begin[i] - 2000 <= time && time <= slices.end[i];
      if (inside && kinds.includes(slices.kind[i])) return i;
    }
    return -1;
  }

  stageTime(name) {
    const stage = this.timed.find((s) => s.name === name);
    return stage ? stage.time : NaN;
  }

  /** Who ran on the CPU the reader waited for. */
  findRivals() {
    const running = this.timed.find((s) => s.name === "running");
    const from = ["runnable", "waking", "queued"].map((name) => this.stageTime(name)).find((t) => !Number.isNaN(t));
    const track = running && this.track(LANE.task, running.cpu);
    if (!track || from === undefined) return [];
    const { slices } = this.model;
    const out = [];
    for (let i = Math.max(track.first, firstAbove(slices.begin, from, track.first, track.last) - 1);
         i < track.last && slices.begin[i] < running.time && out.length < 1000; ++i)
      if (slices.end[i] > from && slices.a[i] !== this.thread.tid) out.push(i);
    return out;
  }

  /** The critical path: of each stage the time before it, on the row where it passed. */
  findBands() {
    const bands = [];
    for (const stage of this.timed) {
      if (Number.isNaN(stage.previous)) continue;
      const track = this.track(STAGE_LANE[stage.name], stage.cpu) || this.track(LANE.state, 0);
      bands.push({ stage: stage.hidesUnknown ? "unknown" : stage.name, from: stage.previous, to: stage.time, track });
    }
    return bands;
  }
}
