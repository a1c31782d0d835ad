"use strict";

// On a stage's own address (/dev) the API is one level below.
const BASE = location.pathname.replace(/\/?$/, "/");
const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", heic: "image/heic", heif: "image/heif", hif: "image/heif" };
const MAX_BYTES = 20 * 1024 * 1024;
const LENGTHS = ["upper_arm", "forearm", "thigh", "calf", "torso"];
const LITTLE_EVIDENCE = 0.5; // as chalicelib/answers.py says: below it, mostly from the height
const REACH_CM = 6; // of a slider, each way
const PAUSE_MS = 150; // after the last move of a slider
const DEFAULT_CAR = "medium_car";
const GIVE_UP_MS = 120000;
const LONGEST_CM = 110; // of the bars

const $ = (id) => document.getElementById(id);
const state = { language: "en", catalogue: null, measurement: null, segments: null, recommendations: [], asked: 0 };

// -- words ----------------------------------------------------------------------------------

const t = (name, facts) =>
  Object.entries(facts || {}).reduce((text, [key, value]) => text.replace(`{${key}}`, () => value), WORDS[state.language][name]);
const nameOf = (name) => WORDS[state.language].names[name] || name.replaceAll("_", " ");

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.flat());
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A browser may forbid storage; then what is kept ends with the page.
const memory = {};
const kept = {
  get(name) { try { return memory[name] ?? localStorage.getItem(name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(name, value); } catch { memory[name] = value; } },
};

function speak(language) {
  state.language = language;
  kept.set("language", language);
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-alt]")) node.alt = t(node.dataset.alt);
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  document.title = `HYPERMOB: ${t("title")}`;
  if ($("photo").files.length) photoWords();
  $("refusal").hidden = true;
  $("doing").textContent = "";
  for (const id of ["photo", "height", "side-photo", "key"]) wrong(id, "");
  fillVehicles();
  if (state.measurement) {
    showLengths();
    showSliders();
    recommendSoon(); // the drawing has words, too
  }
}

// -- the API --------------------------------------------------------------------------------

class Refusal extends Error {
  constructor(error) { super(error.message); this.code = error.code; this.fields = error.fields || []; }
}

async function call(method, path, body, headers) {
  let answer, document;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: { "X-API-Key": $("key").value.trim(), "Accept-Language": state.language, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    document = await answer.json();
  } catch {
    throw new Refusal({ code: "LOST", message: t("lost") });
  }
  if (document.status !== "success") throw new Refusal(document.error || { code: "LOST", message: t("lost") });
  return document.data;
}

function userId() {
  const known = kept.get("user_id") || `web-${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  kept.set("user_id", known);
  return known;
}

// Ids of the photos that may be stored, measured or not: what the person can still delete.
const stored = () => JSON.parse(kept.get("stored") || "[]");

function keepStored(ids) {
  kept.set("stored", JSON.stringify(ids));
  $("forget").hidden = !ids.length;
}

const typeOf = (file) =>
  Object.values(TYPES).includes(file.type) ? file.type : TYPES[file.name.split(".").pop().toLowerCase()];

async function upload(file, doing) {
  const granted = await call("POST", "uploads", { user_id: userId(), content_type: typeOf(file) });
  keepStored([...stored(), granted.measurement_id]);
  const form = new FormData();
  for (const [name, value] of Object.entries(granted.upload.fields)) form.append(name, value);
  form.append("file", file);
  await new Promise((resolve, reject) => {
    // fetch tells nothing of an upload's progress.
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => working(doing, (event.loaded / event.total) * 100);
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Refusal({ code: "UPLOAD", message: t("upload_refused") }));
    request.onerror = () => reject(new Refusal({ code: "LOST", message: t("lost") }));
    request.open("POST", granted.upload.url);
    request.send(form);
  });
  return granted;
}

async function finished(measurementId) {
  const until = Date.now() + GIVE_UP_MS;
  while (Date.now() < until) {
    const found = await call("GET", `measurements/${userId()}/${measurementId}`);
    if (found.state === "failed") throw new Refusal(found.error);
    if (found.state === "done") return found.measurement;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Refusal({ code: "SLOW", message: t("slow") });
}

// -- the form -------------------------------------------------------------------------------

function wrong(id, message) {
  const said = $(`${id}-error`);
  said.textContent = message;
  said.hidden = !message;
  $(id).setAttribute("aria-invalid", String(Boolean(message)));
  return Boolean(message);
}

function heightCm() {
  const typed = $("height").value.trim().replace(",", ".");
  return /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : NaN;
}

function fileProblem(file) {
  if (!typeOf(file)) return t("wrong_type");
  return file.size > MAX_BYTES ? t("too_large") : "";
}

function photoWords() {
  const [file] = $("photo").files;
  $("photo-words").replaceChildren(
    el("strong", null, t("photo_again")), el("span", { class: "soft" }, t("photo_chosen", { name: file.name })));
}

function showPhoto() {
  const [file] = $("photo").files;
  if (!file) return;
  wrong("photo", fileProblem(file));
  photoWords();
  URL.revokeObjectURL($("preview").src);
  $("preview").hidden = false;
  $("preview").onerror = () => { $("preview").hidden = true; }; // HEIC, in most browsers
  $("preview").src = URL.createObjectURL(file);
}

function working(doing, percent) {
  $("progress").hidden = false;
  $("doing").textContent = t(doing);
  if (percent === undefined) $("bar").removeAttribute("value");
  else $("bar").value = percent;
}

function refuse(error) {
  if (!(error instanceof Refusal)) throw error;
  if (error.code === "FORBIDDEN") askForKey(t("wrong_key"));
  else if (error.fields.some((each) => each.field === "height_cm")) { wrong("height", t("need_height")); $("height").focus(); }
  else {
    $("refusal").replaceChildren(el("p", null, error.message));
    $("refusal").hidden = false;
    $("refusal").focus();
  }
}

function askForKey(message) {
  $("key-box").hidden = false;
  $("change-key").hidden = true;
  wrong("key", message || "");
  $("key").focus();
}

async function measure(event) {
  event.preventDefault();
  $("refusal").hidden = true;
  const [file] = $("photo").files, [side] = $("side-photo").files;
  const problems = [
    ["photo", file ? fileProblem(file) : t("need_photo")],
    ["height", heightCm() >= 100 && heightCm() <= 230 ? "" : t("need_height")],
    ["side-photo", side ? fileProblem(side) : ""],
    ["key", $("key").value.trim() ? "" : t("need_key")],
  ].filter(([id, message]) => wrong(id, message));
  if (!$("side-photo-error").hidden) $("more").open = true;
  if (problems.length) { $(problems[0][0]).focus(); return; }
  dropPerson();
  $("go").disabled = $("forget").disabled = true;
  try {
    const body = { user_id: userId(), height_cm: heightCm(), vehicle: $("vehicle").value || null, drive_side: $("drive-side").value, sex: $("sex").value || null };
    working("doing_upload", 0);
    const granted = await upload(file, "doing_upload");
    keepKey();
    body.image_url = granted.image_url;
    if (side) body.side_image_url = (await upload(side, "doing_side")).image_url;
    working("doing_measure");
    const answer = await call("POST", "measure", body);
    state.measurement = answer.state === "pending" ? await finished(answer.measurement_id) : answer;
    state.segments = { ...state.measurement.segments };
    working("doing_fit");
    if (!state.catalogue) await loadVehicles();
    $("vehicle-2").value = $("vehicle").value;
    $("drive-side-2").value = $("drive-side").value;
    await recommend();
    $("overlay").src = state.measurement.output_image_url;
    showLengths();
    showSliders();
    $("result").hidden = false;
    $("doing").textContent = t("done");
    $("result-title").focus();
  } catch (error) {
    $("doing").textContent = "";
    refuse(error);
  } finally {
    $("progress").hidden = true;
    $("go").disabled = $("forget").disabled = false;
  }
}

// Whoever is measured next must not see whose body this was.
function dropPerson() {
  clearTimeout(waiting);
  state.asked += 1; // an answer on its way is of this person, too
  Object.assign(state, { measurement: null, segments: null, recommendations: [] });
  $("result").hidden = true;
  $("overlay").removeAttribute("src");
  for (const id of ["drivers", "sliders", "warnings", "mirror-view", "mirror-words", "said"]) $(id).replaceChildren();
  for (const id of ["lengths", "settings"]) $(id).tBodies[0].replaceChildren();
  $("copied").value = "";
  $("copied").hidden = true;
}

function keepKey() {
  kept.set("key", $("key").value.trim());
  $("key-box").hidden = true;
  $("change-key").hidden = false;
}

// -- the car --------------------------------------------------------------------------------

async function loadVehicles() {
  if (!$("key").value.trim()) return;
  state.catalogue = await call("GET", "vehicles");
  fillVehicles();
}

function fillVehicles() {
  for (const id of ["vehicle", "vehicle-2", "compare"]) {
    const select = $(id), chosen = select.value;
    const options = Object.entries(state.catalogue?.vehicles || {}).map(([name, vehicle]) =>
      el("option", { value: name, ...(name === DEFAULT_CAR && { selected: "" }) }, vehicle.name[state.language]));
    if (id === "compare") options.unshift(el("option", { value: "" }, t("no_compare")));
    else if (!options.length) options.push(el("option", { value: "" }, "—"));
    select.replaceChildren(...options);
    if (chosen || id === "compare") select.value = chosen;
  }
}

async function recommend() {
  const asked = ++state.asked;
  const cars = [$("vehicle-2").value, $("compare").value].filter(Boolean);
  const found = await Promise.all(cars.map((vehicle) =>
    call("POST", "recommend", {
      ...state.segments, vehicle, drive_side: $("drive-side-2").value, posture: $("posture").value,
      side_mirrors: $("side-mirrors").value, drawing: state.language,
    })));
  if (asked !== state.asked) return; // a later one is on its way
  state.recommendations = found;
  showCar();
}

function showCar() {
  showDrivers();
  showSettings();
  showMirrors();
}

let waiting = 0;
function recommendSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => recommend().catch(refuseSettings), PAUSE_MS);
}

function refuseSettings(error) {
  if (!(error instanceof Refusal)) throw error;
  $("warnings").replaceChildren(el("p", { class: "refusal" }, error.message));
}

// -- what is shown --------------------------------------------------------------------------

// What is to be said of a length: the photos told little of it, or one side of the body did not count.
function notes({ evidence, ...photos }, name) {
  const said = (evidence?.[name] ?? 1) < LITTLE_EVIDENCE ? ["from_height"] : [];
  // Several photos may each have counted another side.
  const counted = new Set(Object.values(photos).flatMap((photo) => photo?.left_minus_right?.[name]?.counted ?? []));
  const [side] = counted;
  return counted.size === 1 && side !== "both" ? [...said, `${side}_only`] : said;
}

function showLengths() {
  const { segments, interval_95: intervals, arm_cm: arm, leg_cm: leg, quality } = state.measurement;
  $("height-words").hidden = ![...LENGTHS, "arm", "leg"].some((name) => notes(quality, name).includes("from_height"));
  const rows = [...LENGTHS, "arm", "leg"].map((name) => {
    const cm = { arm, leg, ...segments }[name];
    const [low, high] = intervals[name];
    const bar = svg("svg", { class: "bar", viewBox: `0 0 ${LONGEST_CM} 4`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: LONGEST_CM, height: 4 }),
      svg("rect", { class: "interval", x: low, width: high - low, height: 4 }),
      svg("rect", { class: "value", x: cm - 0.4, width: 0.8, height: 4 }));
    return el("tr", null, el("th", { scope: "row" }, nameOf(name), bar,
      notes(quality, name).map((note) => el("span", { class: "soft" }, t(note)))),
      el("td", { class: "number" }, cm.toFixed(1)), el("td", { class: "number" }, `${low.toFixed(1)} – ${high.toFixed(1)}`));
  });
  $("lengths").tBodies[0].replaceChildren(...rows);
}

function showSliders() {
  $("sliders").replaceChildren(...LENGTHS.map((name) => {
    const measured = state.measurement.segments[name];
    const input = el("input", {
      id: `slide-${name}`, type: "range", step: "0.1", min: (measured - REACH_CM).toFixed(1), max: (measured + REACH_CM).toFixed(1),
    });
    const output = el("output", { for: input.id });
    const say = () => {
      output.textContent = `${Number(input.value).toFixed(1)} cm`;
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = state.segments[name];
    input.addEventListener("input", () => {
      state.segments[name] = Number(input.value);
      say();
      recommendSoon();
    });
    say();
    return el("div", { class: "slider" }, el("label", { for: input.id }, nameOf(name)), output, input);
  }));
}

const UNITS = { mm: [0, " mm"], deg: [1, "°"] };

function leaves(tree, path = []) {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "object" && !Array.isArray(value) ? leaves(value, [...path, name]) : [[[...path, name], value]]);
}

const at = (tree, path) => path.reduce((node, name) => node?.[name], tree);

function quantity(name) {
  const parts = name.split("_"), unit = parts.pop();
  const [digits, suffix] = UNITS[unit] || [1, ` ${unit}`];
  const rounded = (value) => (Number(value.toFixed(digits)) + 0).toFixed(digits); // -0 reads as an error
  return { words: nameOf(parts.join("_")), rounded, suffix };
}

function showSettings() {
  const cars = state.recommendations;
  if (!cars.length) return;
  const names = cars.map((each) => state.catalogue.vehicles[each.vehicle]?.name[state.language] || each.vehicle);
  $("settings").tHead.replaceChildren(el("tr", null, el("th", { scope: "col" }, el("span", { class: "hidden" }, t("settings"))),
    names.map((name) => el("th", { scope: "col", class: "number" }, name))));
  let group = "";
  const rows = leaves(cars[0].settings).flatMap(([path]) => {
    const { words, rounded, suffix } = quantity(path.at(-1));
    const made = [];
    if (path[0] !== group) {
      group = path[0];
      made.push(el("tr", { class: "group" }, el("th", { scope: "colgroup", colspan: String(cars.length + 1) }, nameOf(group))));
    }
    const label = [...path.slice(1, -1).map(nameOf), words].join(", ");
    const reason = at(cars[0].reasons, path)[state.language];
    const why = el("details", null, el("summary", null, t("why")), reason);
    made.push(el("tr", null, el("th", { scope: "row" }, label, why), cars.map((each) => {
      const [low, high] = at(each.band_80, path);
      return el("td", { class: "number" }, rounded(at(each.settings, path)) + suffix,
        el("span", { class: "soft" }, `${rounded(low)} – ${rounded(high)}${suffix}`));
    })));
    return made;
  });
  $("settings").tBodies[0].replaceChildren(...rows);
  const comfort = cars[0].posture.comfort;
  $("warnings").replaceChildren(
    el("p", { class: "comfort" }, el("label", { for: "comfort" }, t("comfort")),
      el("meter", { id: "comfort", min: 0, max: 100, value: comfort }), `${comfort.toFixed(0)} / 100`),
    ...cars.flatMap((each, i) => each.warnings.map((warning) =>
    el("p", { class: "note" }, (cars.length > 1 ? `${names[i]}: ` : "") + warning.message[state.language]))));
}

// -- pictures -------------------------------------------------------------------------------

const MOVE_MS = 350;
const NUMBER = /-?\d+(?:\.\d+)?/g;

function showDrivers() {
  const cars = state.recommendations, narrow = matchMedia("(max-width: 46rem)").matches;
  const shown = [...$("drivers").children];
  cars.forEach((each, i) => {
    const drawn = new DOMParser().parseFromString(each.drawing, "image/svg+xml").documentElement;
    if (narrow || cars.length > 1) { // the bars at its right are in the table, too
      const [left, top, width, height] = drawn.getAttribute("viewBox").split(" ").map(Number);
      drawn.setAttribute("viewBox", `${left} ${top} ${width - drawn.dataset.panelMm} ${height}`);
      drawn.classList.add("cropped");
    }
    const picture = document.adoptNode(drawn);
    if (shown[i]) moveTo(shown[i], picture);
    else $("drivers").append(picture);
  });
  shown.slice(cars.length).forEach((old) => old.remove());
}

// Both drawings have the same parts in the same order: what differs is where they are.
function moveTo(shown, drawn) {
  const from = [shown, ...shown.querySelectorAll("*")], to = [drawn, ...drawn.querySelectorAll("*")];
  const alike = from.length === to.length && from.every((node, i) => node.tagName === to[i].tagName);
  if (!alike || matchMedia("(prefers-reduced-motion: reduce)").matches) { shown.replaceWith(drawn); return; }
  const moves = to.flatMap((node, i) => [...node.attributes].map(({ name, value }) => {
    const before = from[i].getAttribute(name) || value;
    return { node, name, value, starts: before.match(NUMBER) || [], ends: value.match(NUMBER) || [], before };
  })).filter((move) => move.before !== move.value && move.starts.length === move.ends.length && move.ends.length);
  const began = performance.now();
  const step = (now) => {
    const share = Math.min((now - began) / MOVE_MS, 1), eased = share * share * (3 - 2 * share);
    for (const { node, name, value, starts, ends } of moves) {
      let i = 0;
      node.setAttribute(name, share === 1 ? value
        : value.replace(NUMBER, () => Number(starts[i]) + (ends[i] - starts[i++]) * eased));
    }
    if (share < 1 && drawn.isConnected) requestAnimationFrame(step);
  };
  shown.replaceWith(drawn);
  step(began);
}

const BEHIND_MM = 10000;

// Where a mirror's two edges send the eye's look, seen from above; x aft, y to the right.
function edges(eye, centre, yawDeg, widthMm, radiusMm) {
  const yaw = (yawDeg * Math.PI) / 180;
  return [-1, 1].map((side) => {
    const half = (side * widthMm) / 2;
    const point = [centre[0] - Math.sin(yaw) * half, centre[1] + Math.cos(yaw) * half];
    const normal = yaw + (radiusMm ? Math.asin(half / radiusMm) : 0); // convex: it turns outward
    const look = Math.atan2(point[1] - eye[1], point[0] - eye[0]);
    const sent = 2 * normal + Math.PI - look;
    const at = (x) => point[1] + (x - point[0]) * Math.tan(sent);
    return { point, at };
  });
}

function showMirrors() {
  const found = state.recommendations[0];
  const car = Object.fromEntries(Object.entries(state.catalogue.vehicles[found.vehicle].figures).map(([name, figure]) => [name, figure.value]));
  const driver = found.drive_side === "right" ? 1 : -1;
  const eye = [found.posture.eye_point_mm[0], driver * car.lateral_mm], line = eye[0] + BEHIND_MM;
  const glass = {
    left: [[car.side_mirror_x_mm, -car.side_mirror_y_mm], car.side_mirror_glass_width_mm],
    interior: [[car.interior_mirror_x_mm, 0], car.interior_mirror_glass_width_mm],
    right: [[car.side_mirror_x_mm, car.side_mirror_y_mm], car.side_mirror_glass_width_mm],
  };
  const fans = [], words = [];
  for (const [name, [centre, width]] of Object.entries(glass)) {
    const convex = name !== "interior" && name !== found.drive_side ? car.passenger_mirror_radius_mm : 0;
    const [a, b] = edges(eye, centre, found.settings.mirrors[name].yaw_deg, width, convex);
    const far = line + 1000;
    const corners = [a.point, [far, a.at(far)], [far, b.at(far)], b.point];
    fans.push(svg("path", { class: name, d: `M${corners.map(([x, y]) => `${y.toFixed(0)} ${x.toFixed(0)}`).join("L")}Z` }));
    const seen = [a.at(line), b.at(line)].map((y) => y / 1000);
    const flank = car.half_width_mm / 1000, beside = seen.map((y) => (name === "left" ? -y : y) - flank).sort((p, q) => p - q);
    words.push(name === "interior"
      ? t("interior_sees", { width: Math.abs(seen[1] - seen[0]).toFixed(1) })
      : t("side_sees", { mirror: nameOf(name), from: Math.max(beside[0], 0).toFixed(1), to: beside[1].toFixed(1) }));
  }
  $("mirror-view").replaceChildren(...fans,
    svg("line", { class: "behind", x1: -6500, x2: 6500, y1: line, y2: line }),
    svg("rect", { class: "car", x: -car.half_width_mm, y: -1300, width: 2 * car.half_width_mm, height: 4500, rx: 500 }),
    svg("circle", { class: "eye", cx: eye[1], cy: eye[0], r: 130 }));
  $("mirror-words").replaceChildren(...words.map((text) => el("li", null, text)));
}

async function copy(content) {
  const text = JSON.stringify(content, null, 2);
  try {
    await navigator.clipboard.writeText(text);
    $("said").textContent = t("copied");
  } catch { // not allowed, or not over https
    $("copied").hidden = false;
    $("copied").value = text;
    $("copied").select();
    $("said").textContent = t("copy_by_hand");
  }
}

async function forget() {
  $("refusal").hidden = true;
  $("go").disabled = true;
  try {
    for (const id of stored()) {
      await call("DELETE", `measurements/${userId()}/${id}`);
      keepStored(stored().filter((each) => each !== id));
    }
    dropPerson();
    $("form").reset();
    $("preview").hidden = true;
    $("key").value = kept.get("key") || "";
    speak(state.language);
    $("photo-words").replaceChildren(el("strong", null, t("photo")), el("span", { class: "soft" }, t("photo_hint")));
    $("doing").textContent = t("forgotten");
    $("main").focus();
  } catch (error) {
    refuse(error);
  } finally {
    $("go").disabled = false;
  }
}

// -- start ----------------------------------------------------------------------------------

function start() {
  $("docs").href = `${BASE}docs`;
  $("key").value = kept.get("key") || "";
  keepStored(stored());
  if ($("key").value) { $("key-box").hidden = true; $("change-key").hidden = false; }
  const wished = kept.get("language") || navigator.languages.map((each) => each.slice(0, 2)).find((each) => each in WORDS);
  speak(wished || "en");
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => speak(button.dataset.language));
  $("photo").addEventListener("change", showPhoto);
  addEventListener("pageshow", showPhoto); // back again, the browser has chosen the same photo
  $("form").addEventListener("submit", measure);
  $("change-key").addEventListener("click", () => askForKey());
  $("key").addEventListener("change", () => loadVehicles().then(() => wrong("key", ""), refuse));
  for (const id of ["vehicle-2", "compare", "drive-side-2", "posture", "side-mirrors"]) $(id).addEventListener("change", recommendSoon);
  $("reset").addEventListener("click", () => {
    state.segments = { ...state.measurement.segments };
    showSliders();
    recommendSoon();
  });
  $("copy-json").addEventListener("click", () => copy({ measurement: state.measurement, recommendations: state.recommendations }));
  $("copy-vss").addEventListener("click", () => copy(state.recommendations[0].vss));
  $("forget").addEventListener("click", forget);
  loadVehicles().catch(refuse);
}

start();
