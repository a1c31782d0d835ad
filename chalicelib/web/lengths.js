// The measured lengths: their table, and sliders to try others.
"use strict";

const LENGTHS = ["upper_arm", "forearm", "thigh", "calf", "torso"];
const LITTLE_EVIDENCE = 0.5; // as chalicelib/answers.py says: below it, mostly from the height
const REACH_CM = 6; // of a slider, each way
const LONGEST_CM = 110; // of the bars

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
  $("lengths-unit").textContent = t(inFeet() ? "inch" : "cm");
  const rows = [...LENGTHS, "arm", "leg"].map((name) => {
    const cm = { arm, leg, ...segments }[name];
    const [low, high] = intervals[name];
    const bar = svg("svg", { class: "bar", viewBox: `0 0 ${LONGEST_CM} 4`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: LONGEST_CM, height: 4 }),
      svg("rect", { class: "interval", x: low, width: high - low, height: 4 }),
      svg("rect", { class: "value", x: cm - 0.4, width: 0.8, height: 4 }));
    return el("tr", null, el("th", { scope: "row" }, nameOf(name), bar,
      notes(quality, name).map((note) => el("span", { class: "soft" }, t(note)))),
      el("td", { class: "number" }, lengthText(cm)), el("td", { class: "number" }, `${lengthText(low)} – ${lengthText(high)}`));
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
      output.textContent = `${lengthText(Number(input.value))} ${t(inFeet() ? "inch" : "cm")}`;
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
