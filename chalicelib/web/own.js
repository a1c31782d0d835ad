// How the driver really sits: sliders for what a position is made of, kept with one button. The
// settings of every car then follow, as the API learns them.
"use strict";

// Of each setting: where its travel begins and ends by a vehicle's figures, and its step.
const OWN_SETTINGS = {
  "seat.fore_aft_mm": [() => 0, (car) => car.seat_travel_mm, 1],
  "seat.height_mm": [() => 0, (car) => car.seat_lift_mm, 1],
  "seat.backrest_recline_deg": [(car) => car.backrest_min_deg, (car) => Math.min(car.backrest_max_deg, 60), 0.5],
  "steering_wheel.telescope_mm": [() => 0, (car) => car.wheel_telescope_travel_mm, 1],
  "steering_wheel.tilt_deg": [() => 0, (car) => car.wheel_tilt_travel_deg, 0.1],
};

const ownTold = () => kept.get("own") === "yes"; // whether this visitor's own settings are followed

function figuresOf(vehicle) {
  const figures = state.catalogue?.vehicles[vehicle]?.figures || {};
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, figure.value]));
}

function showOwn() {
  const [car] = state.recommendations;
  if (!car) return;
  const figures = figuresOf(car.vehicle);
  $("own-sliders").replaceChildren(...Object.entries(OWN_SETTINGS).map(([path, [low, high, step]]) => {
    const [group, name] = path.split(".");
    const { words, suffix } = quantity(name);
    const digits = step < 1 ? 1 : 0;
    const input = el("input", { id: `own-${name}`, type: "range", step, min: low(figures), max: high(figures), "data-path": path });
    const output = el("output", { for: input.id });
    const say = () => {
      output.textContent = Number(input.value).toFixed(digits) + suffix;
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = at(car.settings, [group, name]);
    input.addEventListener("input", say);
    say();
    return el("div", { class: "slider" }, el("label", { for: input.id }, `${nameOf(group)}, ${words}`), output, input);
  }));
  $("own-car").textContent = t("own_car", { car: state.catalogue?.vehicles[car.vehicle]?.name[state.language] || car.vehicle });
  showLearned(car.personal);
}

function showLearned(personal) {
  const told = personal && personal.tellings;
  $("learned").replaceChildren(...(told ? [
    el("p", null, t("learned", { count: personal.tellings, percent: Math.round(100 * personal.band_share) })),
    el("ul", null, personal.learned.map((each) => el("li", null, each.message[state.language]))),
  ] : []));
}

function ownSettings() {
  const settings = { seat: {}, steering_wheel: {} };
  for (const input of $("own-sliders").querySelectorAll("input")) {
    const [group, name] = input.dataset.path.split(".");
    settings[group][name] = Number(input.value);
  }
  return settings;
}

async function keepOwn() {
  const [car] = state.recommendations;
  $("keep").disabled = true;
  $("kept").textContent = "";
  try {
    // Without a time it is now, by the API's clock: this device's may be wrong.
    const body = { kind: "kept", vehicle: car.vehicle, drive_side: car.drive_side, settings: ownSettings() };
    // Who deleted everything and keeps a setting again begins anew: that is what the button says.
    const anew = kept.get("own") === "deleted" ? { start_anew: true } : {};
    await call("POST", `drivers/${userId()}/settings`, { ...body, ...anew });
    kept.set("own", "yes");
    keepStored(stored());
    await recommend();
    $("kept").textContent = t("kept");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    $("kept").replaceChildren(el("span", { class: "error" }, error.message));
  } finally {
    $("keep").disabled = false;
  }
}

async function forgetOwn() {
  if (!ownTold()) return;
  await call("DELETE", `drivers/${userId()}/settings`);
  kept.set("own", "deleted");
}

function dropOwn() {
  for (const id of ["own-sliders", "learned", "kept"]) $(id).replaceChildren();
}

$("keep").addEventListener("click", keepOwn);
