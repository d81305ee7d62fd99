// SPDX-License-Identifier: GPL-2.0-or-later
// The requests: one row of times each, and the words of `show` put together again.

/** Texts cut into templates and numbers (userspace/report/columns.hpp), put together again. */
class Wordings {
  constructor(data, tables, prefix) {
    this.data = data;
    this.templates = tables.templates;
    this.slots = tables.slots;
    this.prefix = prefix;
    this.numbers = new Map();
  }

  /** How often each template was used by the requests before i; patterns: rows that end in a template. */
  usesBefore(i, patternOf, patterns) {
    const times = new Uint32Array(patterns.length);
    for (let k = 0; k < i; ++k) ++times[patternOf[k]];
    const uses = new Uint32Array(this.templates.length);
    patterns.forEach((rows, p) => {
      if (times[p]) for (const row of rows) uses[row[row.length - 1]] += times[p];
    });
    return uses;
  }

  /** The next text of a template, by how often it was used before. */
  text(template, uses) {
    const slots = this.slots[template];
    const text = this.templates[template];
    if (!slots) return text;
    if (!this.numbers.has(template))
      this.numbers.set(template, column(this.data, this.prefix + template, Float64Array, false));
    let at = slots * uses[template]++;
    return text.replace(/\u0001/g, () => this.numbers.get(template)[at++]);
  }
}

const SEEN = { observed: 0, inferred: 1, notNeeded: 2, notApplicable: 3, unknown: 4 };
const FLAG = { complete: 1, lossNearby: 2, peek: 4, datagram: 8 };

class Requests {
  constructor(data) {
    const tables = data.head.requests;
    this.data = data;
    this.stages = tables.stages;
    this.threads = tables.threads;
    this.sockets = tables.sockets;
    this.patterns = tables.patterns;
    this.tables = tables;
    this.width = this.stages.length;
    this.done = this.stages.indexOf("done");
    this.pattern = column(data, "r.pattern", Uint32Array, false);
    this.thread = column(data, "r.thread", Uint32Array, false);
    this.socket = column(data, "r.socket", Uint32Array, false);
    this.bytes = column(data, "r.bytes", Float64Array, false);
    this.flags = column(data, "r.flags", Uint8Array, false);
    this.count = this.pattern.length;
    this.id = runningSum(column(data, "r.id", Float64Array, true));
    this.begin = runningSum(column(data, "r.begin", Float64Array, true));
    this.readTimes(data);
    this.byTotal = Uint32Array.from(this.total.keys()).filter((i) => this.total[i] >= 0)
      .sort((a, b) => this.total[a] - this.total[b]);
    this.slowest = this.byTotal.length ? this.total[this.byTotal[this.byTotal.length - 1]] : 0;
    this.evidence = new Wordings(data, tables.evidence, "r.evidence.");
    this.readBlame(data, tables);
  }

  readBlame(data, tables) {
    this.causes = tables.causes;
    this.blames = tables.blames;
    this.shares = new Wordings(data, tables.shares, "r.shares.");
    this.blamePattern = column(data, "r.blame", Uint32Array, false);
    this.blameNs = column(data, "r.blame.ns", Float64Array, false);
    this.blameFrom = new Uint32Array(this.count);
    for (let i = 1; i < this.count; ++i) this.blameFrom[i] = this.blameFrom[i - 1] + this.blames[this.blamePattern[i - 1]].length;
  }

  /** times[i * width + stage]: ns from the recording's start, NaN where there is none. Then what follows of them. */
  readTimes(data) {
    const { width, count, patterns, pattern } = this;
    this.times = new Float64Array(count * width).fill(NaN);
    this.total = new Float64Array(count).fill(NaN);
    this.parts = new Float64Array(count * (width + 1)).fill(NaN);
    this.most = new Float64Array(count);
    this.mostStage = new Int8Array(count).fill(-1);
    const steps = this.stages.map((_, s) => column(data, "r.step." + s, Float64Array, true));
    const next = new Uint32Array(width);
    const plans = patterns.map((stages) => this.plan(stages));
    for (let i = 0; i < count; ++i) {
      const plan = plans[pattern[i]];
      let time = this.begin[i];
      for (let k = 0; k < plan.length; k += 2) {
        const step = k ? steps[plan[k]][next[plan[k]]++] : 0;
        this.times[i * width + plan[k]] = time += step;
        if (k && plan[k + 1] >= 0) this.addPart(i, plan[k + 1], step);
      }
      const end = this.times[i * width + this.done];
      if (plan.length && plan[0] !== this.done && end >= this.begin[i]) this.total[i] = end - this.begin[i];
    }
  }

  /** Of a pattern: each stage that has a time, and whose the time before it is: its own, the unknown's (width), or, after
   * the end of the read, nobody's (-1). */
  plan(stages) {
    const plan = [];
    let hides = false;
    let ended = false;
    for (const [stage, seen] of stages) {
      if (seen === SEEN.unknown) hides = true;
      if (seen <= SEEN.inferred) {
        plan.push(stage, ended ? -1 : hides ? this.width : stage);
        hides = false;
      }
      ended = ended || stage === this.done;
    }
    return plan;
  }

  addPart(i, part, ns) {
    const at = i * (this.width + 1) + part;
    this.parts[at] = this.parts[at] >= 0 ? this.parts[at] + ns : ns;
    if (this.parts[at] > this.most[i]) {
      this.most[i] = this.parts[at];
      this.mostStage[i] = part === this.width ? -1 : part;
    }
  }

  /** [{stage, name, seen, cpu, context, evidence, time, delta, offset, hidesUnknown}] in the order they happened. */
  story(i) {
    const rows = this.patterns[this.pattern[i]];
    const uses = this.evidence.usesBefore(i, this.pattern, this.patterns);
    let previous = NaN;
    let hidesUnknown = false;
    return rows.map(([stage, seen, cpu, context, words]) => {
      const time = this.times[i * this.width + stage];
      const row = { stage, name: this.stages[stage], seen, cpu, context: this.tables.contexts[context],
                    evidence: this.evidence.text(words, uses), time, offset: time - this.begin[i], delta: time - previous,
                    previous, hidesUnknown };
      if (seen === SEEN.unknown) hidesUnknown = true;
      if (!Number.isNaN(time)) {
        previous = time;
        hidesUnknown = false;
      }
      return row;
    });
  }

  /** [{cause, seen, ns, words}], the largest first; as `show` has them. */
  blame(i) {
    const rows = this.blames[this.blamePattern[i]];
    const uses = this.shares.usesBefore(i, this.blamePattern, this.blames);
    return rows.map(([cause, seen, words], k) => ({ cause: this.causes[cause], seen, ns: this.blameNs[this.blameFrom[i] + k],
      words: this.shares.text(words, uses) })).sort((a, b) => b.ns - a.ns);
  }

  /** [number of the cause, ns] of the largest share; null where nothing is to blame. */
  firstCause(i) {
    const rows = this.blames[this.blamePattern[i]];
    let best = -1;
    for (let k = 0; k < rows.length; ++k) if (best < 0 || this.blameNs[this.blameFrom[i] + k] > this.blameNs[this.blameFrom[i] + best]) best = k;
    return best < 0 ? null : [rows[best][0], this.blameNs[this.blameFrom[i] + best]];
  }

  threadText(i) {
    const thread = this.threads[this.thread[i]];
    return thread.comm + "/" + thread.tid;
  }

  socketText(i) {
    const socket = this.sockets[this.socket[i]];
    return socket.local ? socket.local + " <- " + socket.peer : socket.protocol;
  }

  indexOf(id) {
    for (let i = 0; i < this.count; ++i) if (this.id[i] === id) return i;
    return -1;
  }

  /** The request at a percentile of `values(i)`; -1 where none has one. */
  exampleAt(percentile, values) {
    const list = [];
    for (let i = 0; i < this.count; ++i) {
      const value = values(i);
      if (value >= 0) list.push([value, i]);
    }
    if (!list.length) return -1;
    list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return list[Math.max(0, Math.ceil(list.length * percentile / 100) - 1)][1];
  }

  /** Of one stage (-1: unknown), or of the total ("total"). */
  valuesOf(name) {
    if (name === "total") return (i) => this.total[i];
    const wanted = name === "unknown" ? -1 : this.stages.indexOf(name);
    if (wanted > this.done) {
      const before = name === "xmit" ? wanted - 1 : this.done;
      return (i) => this.times[i * this.width + wanted] - this.times[i * this.width + before];
    }
    const part = wanted < 0 ? this.width : wanted;
    return (i) => this.parts[i * (this.width + 1) + part];
  }
}

function runningSum(values) {
  let sum = 0;
  for (let i = 0; i < values.length; ++i) values[i] = sum += values[i];
  return values;
}
