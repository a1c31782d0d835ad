// A car's settings for the lengths: which cars there are, what the API recommends, its table.
"use strict";

const DEFAULT_CAR = "medium_car";
const PAUSE_MS = 150; // after the last move of a slider

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
      side_mirrors: $("side-mirrors").value, drawing: state.language, ...(ownTold() && { user_id: userId(), personal: true }),
    })));
  if (asked !== state.asked) return; // a later one is on its way
  state.recommendations = found;
  showCar();
}

function showCar() {
  showDrivers();
  showSettings();
  showMirrors();
  showOwn();
  showQr();
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

const UNITS = { mm: [0, " mm"], deg: [1, "°"] };

function leaves(tree, path = []) {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "object" && !Array.isArray(value) ? leaves(value, [...path, name]) : [[[...path, name], value]]);
}

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
