// The timeline of one video: its motion, three moments that can be moved, found events, and the frame that is shown.
// Gradio runs this once for the component; `element`, `trigger`, `props`, `server` and `watch` are its own.

const ROLES = ["onset", "apex", "offset"];
const FAR = 10; // Frames of a step with Shift, Page up or Page down.
const SETTLED = 500; // Milliseconds after the last key until moments count as set.
const AROUND = 1.0; // Seconds that are shown before and after a chosen event.

const root = element.querySelector(".mevqa-timeline");
let video = null; // Value of the component, of `timeline_value`.
let moments = null; // Frames by role; null where there are none to move.
let chosen = null; // Number of the chosen event, which it keeps when it is moved past another.
let cursor = 0;
let view = [0, 1]; // First and last visible frame.
let settling = 0;
let shown = null; // The frame whose picture is there.
let loading = false;
let done = null; // Stamp of the added event that was shown last.

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const eventOf = (number) => video.events.find((expression) => expression.number === number);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const seconds = (frame) => frame * video.step;
const frameText = (frame) => `frame ${frame}, ${seconds(frame).toFixed(2)} s`;
const place = (frame) => (100 * (frame - view[0])) / Math.max(view[1] - view[0], 1);

function frameAt(x) {
  const box = track.getBoundingClientRect();
  const share = clamp((x - box.left) / Math.max(box.width, 1), 0, 1);
  return Math.round(view[0] + share * (view[1] - view[0]));
}

// Elements: buttons and the time above, then the lanes of the moments, the curve, the events and the frame.
const output = make("output", { "aria-live": "off" });
const whole = button("Whole video", "show the whole video", () => zoom(null));
const add = button("Add event", "add an event at the shown frame", () => trigger("added", { key: video.key, frame: cursor }));
const bar = make(
  "div",
  { class: "bar" },
  button("−10", "10 frames back", () => seek(cursor - FAR)),
  button("−1", "1 frame back", () => seek(cursor - 1)),
  button("+1", "1 frame on", () => seek(cursor + 1)),
  button("+10", "10 frames on", () => seek(cursor + FAR)),
  whole,
  add,
  output,
);
const track = make("div", { class: "track" });
const curve = make("path", { class: "curve", "vector-effect": "non-scaling-stroke" });
const area = make("path", { class: "area" });
const picture = make("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" }, area, curve);
const plot = make("div", { class: "plot" }, picture);
const events = make("div", { class: "events", role: "group", "aria-label": "found events" });
const handles = Object.fromEntries(ROLES.map((role) => [role, handle(role)]));
const now = handle("frame");
const legend = make("p", { class: "legend" });
track.append(...ROLES.map((role) => handles[role].lane), plot, events, now.lane);
const still = make("img", { alt: "" });
root.append(still, make("div", { class: "side" }, bar, track, legend));

function button(text, label, act) {
  const made = make("button", { type: "button", "aria-label": label, title: label }, text);
  made.addEventListener("click", act);
  return made;
}

// A slider on a lane of its own, so that each can be taken hold of where several are on one frame.
function handle(role) {
  const name = role === "frame" ? "shown frame" : role;
  const grip = make("div", { class: `grip ${role}`, role: "slider", tabindex: "0", "aria-label": name });
  const line = make("i", { class: `line ${role}`, "aria-hidden": "true" });
  const lane = make("div", { class: `lane ${role}` }, grip);
  (role === "frame" ? plot : lane).prepend(line);
  const read = () => (role === "frame" ? cursor : moments[role]);
  const write = (frame) => (role === "frame" ? seek(frame) : move(role, frame));
  const settle = (soon) => {
    if (role === "frame") return;
    clearTimeout(settling);
    settling = setTimeout(sendMoments, soon ? 0 : SETTLED);
  };
  const idle = () => video === null || (role !== "frame" && moments === null);
  grip.addEventListener("keydown", (event) => {
    if (idle()) return; // The keyboard reaches it before a video is there.
    const step = event.shiftKey ? FAR : 1;
    const [low, high] = limits(role);
    const goals = {
      ArrowLeft: read() - step, ArrowDown: read() - step, ArrowRight: read() + step, ArrowUp: read() + step,
      PageDown: read() - FAR, PageUp: read() + FAR, Home: low, End: high,
    };
    if (event.key === "Enter" || event.key === " ") goals[event.key] = read();
    if (!(event.key in goals) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const before = read();
    write(goals[event.key]);
    if (read() !== before) settle(false);
  });
  let held = null;
  grip.addEventListener("pointerdown", (event) => {
    if (event.button || idle()) return;
    event.preventDefault();
    grip.focus();
    grip.setPointerCapture(event.pointerId);
    clearTimeout(settling);
    // A grip that is kept inside the track is not always over its frame: what counts is how far the pointer moves.
    held = { x: event.clientX, frame: read(), moved: false };
  });
  grip.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const width = Math.max(track.getBoundingClientRect().width, 1);
    const by = Math.round(((event.clientX - held.x) / width) * (view[1] - view[0]));
    held.moved ||= by !== 0;
    if (held.moved) write(held.frame + by);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    grip.addEventListener(end, () => {
      if (held === null) return;
      if (held.moved) settle(true);
      else seek(read());
      held = null;
    });
  }
  return { lane, grip, line };
}

plot.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  plot.setPointerCapture(event.pointerId);
  seek(frameAt(event.clientX));
});
plot.addEventListener("pointermove", (event) => {
  if (plot.hasPointerCapture(event.pointerId)) seek(frameAt(event.clientX));
});

function limits(role) {
  const last = video.frames - 1;
  if (role === "frame") return [0, last];
  const at = ROLES.indexOf(role);
  // A frame apart: an apex that is the onset or the offset is none. Ones that come so from a file are left so.
  const low = at > 0 ? Math.min(moments[ROLES[at - 1]] + 1, moments[role]) : 0;
  const high = at < 2 ? Math.max(moments[ROLES[at + 1]] - 1, moments[role]) : last;
  return [low, high];
}

function move(role, frame) {
  moments[role] = clamp(frame, ...limits(role));
  seek(moments[role]);
}

// Tell the server which moments the user set.
function sendMoments() {
  if (moments !== null) trigger("moved", { key: video.key, event: chosen, ...moments });
}

function seek(frame) {
  cursor = clamp(frame, 0, video.frames - 1);
  if (cursor < view[0] || cursor > view[1]) shift();
  draw();
  loadFrame();
}

// Ask the server for the picture of the frame, one picture at a time: of those that are passed meanwhile the last.
async function loadFrame() {
  if (loading) return;
  loading = true;
  try {
    while (video !== null && shown !== cursor) {
      const [frame, key] = [cursor, video.key];
      const picture = await server.frame({ key, frame });
      if (video?.key !== key) continue;
      shown = frame;
      if (picture === null) continue;
      still.src = picture;
      still.alt = `frame ${frame}`;
    }
  } finally {
    loading = false;
  }
}

// Move the visible part so that the frame is in its middle.
function shift() {
  const width = view[1] - view[0];
  const first = clamp(Math.round(cursor - width / 2), 0, Math.max(video.frames - 1 - width, 0));
  view = [first, first + width];
}

// Show an event closely with its moments, or the whole video.
function zoom(number) {
  chosen = number;
  if (number === null) {
    view = [0, Math.max(video.frames - 1, 1)];
    if (video.moments === null) moments = null;
  } else {
    const expression = eventOf(number);
    const around = Math.round(AROUND / (video.step || 1));
    moments = { onset: expression.onset, apex: expression.apex, offset: expression.offset };
    view = [Math.max(expression.onset - around, 0), Math.min(expression.offset + around, video.frames - 1)];
  }
  draw();
}

// Show an event at its apex.
function show(number) {
  zoom(number);
  seek(eventOf(number).apex);
}

// Show an event and tell the server that it is the one that is coded.
function choose(number) {
  show(number);
  trigger("chosen", { key: video.key, event: number });
}

function draw() {
  output.textContent = `frame ${cursor} of ${video.frames} · ${seconds(cursor).toFixed(2)} s`;
  add.hidden = !video.long;
  whole.hidden = view[0] === 0 && view[1] >= video.frames - 1;
  for (const role of [...ROLES, "frame"]) {
    const { lane, grip, line } = role === "frame" ? now : handles[role];
    const frame = role === "frame" ? cursor : moments?.[role];
    lane.hidden = frame === undefined || frame === null;
    if (lane.hidden) continue;
    const [low, high] = limits(role);
    const at = clamp(place(frame), 0, 100);
    grip.style.left = line.style.left = `${at}%`;
    grip.style.translate = `-${at}%`;
    grip.textContent = role === "frame" ? String(frame) : `${role} ${frame}`;
    grip.setAttribute("aria-valuemin", low);
    grip.setAttribute("aria-valuemax", high);
    grip.setAttribute("aria-valuenow", frame);
    grip.setAttribute("aria-valuetext", frameText(frame));
  }
  drawCurve();
  drawEvents();
}

function drawCurve() {
  const high = Math.max(...video.curve.map(([, moved]) => moved), 1e-9);
  const points = video.curve.map(([frame, moved]) => `${(10 * place(frame)).toFixed(1)},${(97 - (92 * moved) / high).toFixed(1)}`);
  plot.classList.toggle("empty", points.length === 0);
  curve.setAttribute("d", points.length ? `M${points.join("L")}` : "");
  const ends = points.length ? [points[0], points.at(-1)].map((point) => point.split(",")[0]) : [];
  area.setAttribute("d", points.length ? `M${ends[0]},100L${points.join("L")}L${ends[1]},100Z` : "");
}

// The marks stay the same elements, so that the one with the focus keeps it.
function drawEvents() {
  events.hidden = video.events.length === 0;
  while (events.children.length > video.events.length) events.lastChild.remove();
  video.events.forEach((expression, at) => {
    let mark = events.children[at];
    if (mark === undefined) {
      mark = make("button", { type: "button" }, make("span", { "aria-hidden": "true" }));
      mark.addEventListener("click", () => choose(video.events[at].number));
      events.append(mark);
    }
    const [from, to] = [place(expression.onset), place(expression.offset)];
    const label = `${expression.kind}-expression ${at + 1}: ${frameText(expression.apex)}${expression.note ? `, ${expression.note}` : ""}`;
    mark.className = `${expression.kind}${expression.number === chosen ? " chosen" : ""}`;
    mark.hidden = to < 0 || from > 100;
    mark.style.left = `${clamp(from, 0, 100)}%`;
    mark.style.width = `${clamp(to, 0, 100) - clamp(from, 0, 100)}%`;
    mark.setAttribute("aria-label", label);
    mark.title = label;
    if (expression.number === chosen) mark.setAttribute("aria-current", "true");
    else mark.removeAttribute("aria-current");
  });
}

function load() {
  const given = props.value;
  root.hidden = !given;
  if (!given) {
    video = moments = chosen = null;
    return;
  }
  const same = video !== null && video.key === given.key;
  video = given;
  legend.textContent = given.legend;
  if (!same || eventOf(chosen) === undefined) chosen = null;
  if (given.moments !== null) moments = { ...given.moments };
  else if (chosen === null) moments = null;
  else moments = (({ onset, apex, offset }) => ({ onset, apex, offset }))(eventOf(chosen));
  if (!same) {
    view = [0, Math.max(given.frames - 1, 1)];
    cursor = clamp(given.cursor, 0, given.frames - 1);
    shown = null;
  }
  draw();
  loadFrame();
  // An event that was added just now is coded next, as the server knows. The same value may come again for another
  // reason.
  if (given.added !== null && given.added.stamp !== done) {
    done = given.added.stamp;
    show(given.added.event);
  }
}

watch("value", load);
load();
