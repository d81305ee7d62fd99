// SPDX-License-Identifier: GPL-2.0-or-later
// Search: slices by name light up, Enter goes from one to the next; #7 is a request.

class Search {
  constructor(model, app) {
    this.model = model;
    this.app = app;
    this.input = byId("search");
    this.status = byId("found");
    this.places = [];
    this.at = -1;
    this.input.addEventListener("input", () => this.run(this.input.value));
    this.input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.leave();
    });
  }

  run(text) {
    const { slices, requests } = this.model;
    const query = text.trim().toLowerCase();
    this.places = [];
    this.at = -1;
    this.app.timeline.found = null;
    this.status.textContent = "";
    const number = /^#?(\d+)$/.exec(query);
    if (number && requests.indexOf(Number(number[1])) >= 0) {
      this.status.textContent = `Enter: request #${number[1]}`;
      this.places = [{ request: requests.indexOf(Number(number[1])) }];
    } else if (query) {
      this.runNames(query, slices);
    }
    this.app.changed();
    this.app.timeline.redraw();
  }

  /** Names of slices, and threads by their whole title, such as redis/4711. */
  runNames(query, slices) {
    const names = new Set();
    slices.names.forEach((name, n) => { if (name.toLowerCase().includes(query)) names.add(n); });
    const [name, tid] = query.split("/");
    for (let i = 0; i < slices.count && this.places.length < 200000; ++i) {
      const isTask = slices.kind[i] >= KIND.watched && slices.kind[i] <= KIND.self;
      const hit = names.has(slices.name[i]) ||
        (tid !== undefined && isTask && String(slices.a[i]) === tid && slices.names[slices.name[i]].toLowerCase() === name);
      if (hit) this.places.push({ slice: i });
    }
    this.places.sort((a, b) => slices.begin[a.slice] - slices.begin[b.slice]);
    if (names.size) this.app.timeline.found = names;
    this.status.textContent = this.places.length ? `${grouped(this.places.length)} slices` : "nothing found";
  }

  go(by) {
    if (!this.places.length) return;
    const { timeline } = this.app;
    const { slices } = this.model;
    if (this.at < 0 && this.places[0].slice !== undefined) {
      const next = this.places.findIndex((p) => slices.begin[p.slice] >= timeline.view.from);
      this.at = (next < 0 ? 0 : next) - (by > 0 ? 1 : 0);
    }
    this.at = (this.at + by + this.places.length) % this.places.length;
    const place = this.places[this.at];
    this.app.view("timeline");
    if (place.request !== undefined) return this.app.showExample(place.request);
    this.status.textContent = `${grouped(this.at + 1)} of ${grouped(this.places.length)}`;
    const length = timeline.view.to - timeline.view.from;
    const begin = slices.begin[place.slice];
    if (begin < timeline.view.from || begin > timeline.view.to) timeline.show(begin - length / 2, begin + length / 2, true);
    this.app.selectSlice(place.slice);
    return undefined;
  }

  leave() {
    this.input.value = "";
    this.run("");
    this.app.focusView();
  }
}
