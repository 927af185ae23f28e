"use strict";
// Everything that comes from a file is set as text, never as markup.
(async () => {
  const PAGE = 24;
  // Evidence of more lines is folded away.
  const SHORT = 3;
  const MARKS = { right: "✓", partly: "~", wrong: "✗", none: "–", open: "?" };
  const FILTERS = ["text", "verdict", "run", "type", "class", "answer", "dataset", "subject", "order"];
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const more = document.getElementById("more");
  const count = document.getElementById("count");
  let found = [];
  let shown = 0;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // A box that is wider than the screen says so, fades out where it goes on, and is reached by keyboard.
  const HINT = "⇄ Wider than the screen: scroll sideways";
  const measure = (box) => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    const hint = box.previousElementSibling && box.previousElementSibling.classList.contains("scroll-hint") ? box.previousElementSibling : null;
    box.classList.toggle("scrolls", wide);
    box.classList.toggle("more-right", wide && box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
    // Of a clip's rows of pictures the first says it for all.
    const card = box.matches(".pictures") ? box.closest(".clip") : null;
    const first = !card || box === card.querySelector(".pictures");
    if (wide && !hint && first) box.before(make("p", "scroll-hint", HINT));
    if (!wide && hint) hint.remove();
    if (wide) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${box.dataset.scrolls}, scrolls sideways`);
    } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  };
  const watcher = new ResizeObserver((entries) => requestAnimationFrame(() => entries.forEach((entry) => { if (entry.target.isConnected) measure(entry.target); })));
  const watch = (box) => {
    watcher.observe(box);
    box.addEventListener("scroll", () => measure(box), { passive: true });
  };
  for (const box of document.querySelectorAll("[data-scrolls]")) watch(box);

  // Theme: the reader's system decides until the button is used.
  const root = document.documentElement;
  const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const remember = (value) => { try { localStorage.setItem("mevqa-theme", value); } catch { /* opened from disk without storage */ } };
  try { const kept = localStorage.getItem("mevqa-theme"); if (kept === "light" || kept === "dark") root.dataset.theme = kept; } catch { /* likewise */ }
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark() ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    remember(root.dataset.theme);
  });

  // Charts of several runs: tabs, moved along with the arrow keys.
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab, focus) => {
    for (const one of tabs) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) tab.focus();
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { event.preventDefault(); choose(tabs[(place + step + tabs.length) % tabs.length], true); }
    });
  });
  if (tabs.length) choose(tabs[0]);

  // The clips.
  const source = document.getElementById("data");
  // The index of many pages is packed: all their questions in one file.
  const unpack = (text) => {
    const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  };
  let data = { runs: [], verdicts: {}, clips: [] };
  try {
    data = JSON.parse(source.type === "application/json" ? source.textContent : await unpack(source.textContent));
  } catch {
    count.textContent = "This browser cannot unpack the list of all questions: the pages of clips above have them.";
  }
  if (!data.clips.length) {
    // What is listed on pages alone, or cannot be unpacked.
    form.hidden = true;
    count.textContent ||= "Too many questions to be searched in one page: choose a page of clips above.";
    return;
  }

  // Filters.
  const chosen = () => Object.fromEntries(FILTERS.map((name) => [name, form.elements[name] ? form.elements[name].value.trim() : ""]));
  const haystack = (clip, question) => [clip.id, clip.dataset, clip.subject, ...(clip.warnings || []), question.id, question.text, question.reference,
    ...question.answers.flatMap((answer) => [answer.text, answer.raw, answer.error, ...(answer.warnings || []), ...(answer.evidence || [])])].filter(Boolean).join("\n").toLowerCase();
  for (const clip of data.clips) for (const question of clip.questions) question.hay = haystack(clip, question);

  const picked = (question, want) => {
    const answers = want.run === "" ? question.answers : [question.answers[Number(want.run)]];
    if (want.answer && !answers.some((answer) => answer.answer === want.answer)) return false;
    if (want.verdict === "differ") return new Set(question.answers.map((answer) => answer.text)).size > 1;
    if (want.verdict === "still") return answers.some((answer) => answer.still);
    return !want.verdict || answers.some((answer) => answer.verdict === want.verdict && (!want.answer || answer.answer === want.answer));
  };
  const fits = (clip, question, want, words) =>
    (!want.dataset || clip.dataset === want.dataset) && (!want.subject || clip.subject === want.subject) &&
    (!want.type || question.type === want.type) && (!want.class || question.class === want.class) &&
    words.every((word) => question.hay.includes(word)) && picked(question, want);

  const wrong = (answer) => answer.verdict === "wrong" || answer.verdict === "none";
  const ORDERS = {
    wrong: (entry) => -entry.questions.reduce((sum, q) => sum + q.answers.filter(wrong).length, 0),
    sure: (entry) => -Math.max(0, ...entry.questions.flatMap((q) => q.answers.filter(wrong).map((a) => a.confidence || 0))),
    unsure: (entry) => Math.min(2, ...entry.questions.flatMap((q) => q.answers.map((a) => a.confidence ?? 2))),
  };

  const apply = () => {
    const want = chosen();
    const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
    found = [];
    let questions = 0;
    for (const clip of data.clips) {
      const kept = clip.questions.filter((question) => fits(clip, question, want, words));
      questions += kept.length;
      if (kept.length) found.push({ clip, questions: kept });
    }
    const key = ORDERS[want.order];
    if (key) found = found.map((entry) => [key(entry), entry]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
    const all = data.clips.reduce((sum, clip) => sum + clip.questions.length, 0);
    count.textContent = `${questions} of ${all} questions, ${found.length} of ${data.clips.length} clips`;
    for (const name of FILTERS) if (form.elements[name]) form.elements[name].classList.toggle("active", want[name] !== "");
    list.replaceChildren();
    shown = 0;
    if (!found.length) list.append(make("p", "empty", "No question fits these filters."));
    append(words);
    write(want);
  };

  const append = (words) => {
    const next = found.slice(shown, shown + PAGE);
    list.append(...next.map((entry) => clipCard(entry, words || chosen().text.toLowerCase().split(/\s+/).filter(Boolean))));
    shown += next.length;
    more.hidden = shown >= found.length;
    more.textContent = `Show more clips (${found.length - shown} left)`;
  };

  // The address keeps the filters, so that a view can be reloaded and shared.
  const write = (want) => {
    const parts = new URLSearchParams(Object.entries(want).filter((pair) => pair[1] !== ""));
    const hash = parts.toString() ? `#clips?${parts}` : "";
    if (hash || location.hash.startsWith("#clips?")) history.replaceState(null, "", hash || "#clips");
  };
  const read = () => {
    if (!location.hash.startsWith("#clips?")) return false;
    for (const [name, value] of new URLSearchParams(location.hash.slice(7))) {
      if (FILTERS.includes(name) && form.elements[name]) form.elements[name].value = value;
    }
    return true;
  };

  // One clip.
  const highlighted = (element, text, words) => {
    const lower = text.toLowerCase();
    let place = 0;
    // Letters that change their length in lower case would shift the marks.
    while (words.length && lower.length === text.length && place < text.length) {
      const hits = words.map((word) => [lower.indexOf(word, place), word]).filter((hit) => hit[0] >= 0).sort((a, b) => a[0] - b[0]);
      if (!hits.length) break;
      const [start, word] = hits[0];
      element.append(text.slice(place, start), make("mark", "", text.slice(start, start + word.length)));
      place = start + word.length;
    }
    element.append(text.slice(place));
    return element;
  };

  const clipCard = ({ clip, questions }, words) => {
    const card = make("article", "clip");
    const head = make("header");
    head.append(highlighted(make("h3"), clip.id, words), make("span", "", [clip.dataset, clip.subject && `subject ${clip.subject}`].filter(Boolean).join(" · ")));
    if (clip.part !== undefined) {
      const whole = make("a", "whole", "Pictures and all that is known");
      whole.href = `${data.pages[clip.part]}#clips?${new URLSearchParams({ text: clip.id })}`;
      whole.setAttribute("aria-label", `Pictures and all that is known of ${clip.id}`);
      head.append(whole);
    }
    const rows = clip.rows || [];
    if (rows.some((row) => row.length > 1)) {
      const play = make("button", "", "Flip through");
      play.type = "button";
      play.setAttribute("aria-label", `Flip through the pictures of ${clip.id}`);
      const titled = (row, place) => row.map((picture) => ({ ...picture, of: clip.titles && clip.titles[place] }));
      play.addEventListener("click", () => open(clip, rows.flatMap(titled)));
      head.append(play);
    }
    card.append(head);
    if (clip.timeline) card.append(timeline(clip));
    if (clip.events) card.append(eventTable(clip));
    const strips = make("div", clip.titles ? "strips" : "");
    strips.append(...rows.map((row, place) => strip(row, clip.titles && clip.titles[place])));
    card.append(strips);
    for (const warning of clip.warnings || []) card.append(highlighted(make("p", "warning"), warning, words));
    for (const note of clip.notes) card.append(make("p", "note", note));
    const box = make("div", data.runs.length > 1 ? "questions several" : "questions");
    box.append(...questions.map((question) => questionBox(question, words)));
    const rest = clip.questions.length - questions.length;
    card.append(box);
    if (rest) {
      const all = make("button", "", `Show the other ${rest} question${rest > 1 ? "s" : ""} of this clip`);
      all.type = "button";
      all.addEventListener("click", () => { box.replaceChildren(...clip.questions.map((question) => questionBox(question, words))); all.remove(); });
      const line = make("p", "note");
      line.append(all);
      card.append(line);
    }
    return card;
  };

  const scroller = (className, label) => {
    const box = make("div", className);
    box.dataset.scrolls = label;
    watch(box);
    return box;
  };

  const timeline = (clip) => {
    const box = scroller("timeline", `Timeline of ${clip.id}`);
    const source = document.getElementById("timelines").content.querySelector(`[data-name="${CSS.escape(clip.timeline)}"]`);
    if (source) box.append(source.firstElementChild.cloneNode(true));
    return box;
  };

  const eventTable = (clip) => {
    const { summary, columns, rows } = clip.events;
    const compared = rows.some((row) => row.result);
    const table = make("table", "plain events");
    const head = make("tr");
    const cell = (tag, text, scope) => { const one = make(tag, "", text); if (scope) one.scope = scope; return one; };
    head.append(...(compared ? ["result", ...columns] : columns).map((name) => cell("th", name, "col")));
    table.append(make("thead"), make("tbody"));
    table.tHead.append(head);
    for (const row of rows) {
      const line = make("tr", row.result);
      if (compared) line.append(cell("th", row.result, "row"));
      line.append(...row.cells.map((text, place) => make("td", columns[place].startsWith("units") ? "text" : "", text)));
      table.tBodies[0].append(line);
    }
    const box = make("details", "event-list");
    const inside = scroller("scroll", `Events of ${clip.id}`);
    inside.append(table);
    box.append(make("summary", "", `Events: ${summary}`), inside);
    return box;
  };

  const strip = (row, title) => {
    const whole = make("div", "strip");
    if (title) whole.append(make("p", "of-event", title));
    const box = scroller("pictures", title ? `Pictures of ${title}` : "Pictures");
    for (const picture of row) {
      const figure = make("figure");
      const image = make("img", picture.tiny ? "tiny" : "");
      image.src = picture.uri;
      image.alt = picture.caption;
      image.title = picture.caption;
      image.decoding = "async";
      const caption = make("figcaption", "", picture.name);
      if (COLOURED.includes(picture.role)) caption.append(colours());
      figure.append(image, caption);
      box.append(figure);
    }
    whole.append(box);
    return whole;
  };

  // What the colours of a motion map mean, in short; the whole stands above the clips.
  const COLOURED = ["motion", "motion-centred"];
  const colours = () => {
    const line = make("span", "colours");
    for (const [colour, meaning] of [["red", "right"], ["green", "down"], ["blue", "strain"]]) {
      const one = make("span");
      one.append(make("i", colour), meaning);
      line.append(one);
    }
    line.title = "brighter is more to the right, more downwards, more strain; see above: how to read the motion maps";
    return line;
  };

  const questionBox = (question, words) => {
    const box = make("div", "question");
    box.append(make("p", "kind", question.type.replaceAll("_", " ")), highlighted(make("p"), question.text, words));
    const reference = make("p", "reference");
    if (question.reference === undefined) reference.append(make("span", "", "no reference"));
    else { reference.append(make("span", "", "reference ")); highlighted(reference, question.reference, words); }
    const answers = make("div", "answers");
    answers.append(...question.answers.map((answer, place) => answerBox(question, answer, place, words)));
    box.append(reference, answers);
    return box;
  };

  const answerBox = (question, answer, place, words) => {
    const box = make("div", `answer ${answer.verdict}`);
    const mark = make("span", "mark", MARKS[answer.verdict]);
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", data.verdicts[answer.verdict]);
    mark.title = data.verdicts[answer.verdict];
    const said = make("p", "said");
    said.append(highlighted(make("b"), answer.text || answer.error || "no answer", words));
    if (answer.prior) {
      const prior = make("span", "prior", "prior answer");
      prior.title = "Not seen in the video: what is usual in the data set.";
      said.append(" ", prior);
    }
    if (answer.still) {
      const still = make("span", "prior", "no motion to see");
      still.title = "The pictures of motion that this answer was given from show no motion.";
      said.append(" ", still);
    }
    box.append(mark, said);
    const facts = [data.runs.length > 1 && data.runs[place], answer.confidence !== undefined && `confidence ${answer.confidence.toFixed(2)}`,
      answer.raw && `before deciding together: ${answer.raw}`, answer.text && answer.error,
      answer.samples && `drawn: ${answer.samples.map(([text, count]) => `${text} (${count})`).join(", ")}`,
      answer.shots && `shown before: ${answer.shots.join(", ")}`].filter(Boolean);
    if (facts.length) box.append(make("p", "of", facts.join(" · ")));
    if (answer.thought) {
      const thought = make("details", "of");
      thought.append(make("summary", "", "thought before"), make("p", "of", answer.thought));
      box.append(thought);
    }
    if (answer.options) {
      const options = make("div", "options");
      for (const [name, share] of answer.options) {
        const is = name === question.class ? "is-reference" : "";
        const bar = make("i", is);
        bar.style.width = `${100 * share}%`;
        options.append(make("span", is, name), bar, make("span", `share ${is}`, share.toFixed(2)));
      }
      box.append(options);
    }
    for (const warning of answer.warnings || []) box.append(highlighted(make("p", "warning"), warning, words));
    if (answer.evidence) box.append(evidence(answer.evidence, words));
    return box;
  };

  const evidence = (lines, words) => {
    const items = make("ul", "evidence");
    items.append(...lines.map((line) => highlighted(make("li"), line, words)));
    if (lines.length <= SHORT) return items;
    const box = make("details");
    box.append(make("summary", "", `Evidence: ${lines.length} lines`), items);
    // What was searched for is not left hidden.
    box.open = items.querySelector("mark") !== null;
    return box;
  };

  // The player flips pictures in one place: motion that stills beside each other hide.
  const player = document.getElementById("player");
  const image = player.querySelector("img");
  const run = document.getElementById("player-run");
  let frames = [], at = 0, timer = 0;
  const draw = () => {
    image.src = frames[at].uri;
    image.alt = frames[at].caption;
    image.style.imageRendering = frames[at].tiny ? "pixelated" : "";
    document.getElementById("player-caption").textContent = [`${at + 1} of ${frames.length}: ${frames[at].name}`, frames[at].of].filter(Boolean).join(" · ");
  };
  const step = () => { at = (at + 1) % frames.length; draw(); };
  const play = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(step, 450) : 0;
    run.textContent = on ? "Pause" : "Play";
    run.setAttribute("aria-pressed", String(on));
  };
  const open = (clip, pictures) => {
    // Faces of one place flip well; maps do not: they are there only when nothing else is.
    const faces = pictures.filter((picture) => ["onset", "apex", "offset", "magnified", "frames"].includes(picture.role));
    frames = faces.length > 1 ? faces : pictures;
    at = 0;
    document.getElementById("player-title").textContent = clip.id;
    draw();
    player.showModal();
    play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  };
  run.addEventListener("click", () => play(!timer));
  document.getElementById("player-step").addEventListener("click", () => { play(false); step(); });
  document.getElementById("player-close").addEventListener("click", () => player.close());
  player.addEventListener("close", () => play(false));
  player.addEventListener("click", (event) => { if (event.target === player) player.close(); });

  // A cell of a confusion matrix shows its clips.
  const pick = (cell) => {
    form.reset();
    const want = JSON.parse(cell.dataset.choose);
    const panel = cell.closest("[data-run]");
    if (form.elements.run && panel) want.run = panel.dataset.run;
    for (const [name, value] of Object.entries(want)) if (form.elements[name]) form.elements[name].value = value;
    apply();
    document.getElementById("clips").scrollIntoView();
  };
  for (const cell of document.querySelectorAll("[data-choose]")) cell.addEventListener("click", () => pick(cell));

  let waiting = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, event.target.name === "text" ? 150 : 0);
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  more.addEventListener("click", () => append());
  window.addEventListener("hashchange", () => { if (read()) apply(); });
  const linked = read();
  apply();
  if (linked) document.getElementById("clips").scrollIntoView();
})();
