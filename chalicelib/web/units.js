// Heights, weights and lengths as people type and read them: cm and kg, or feet, inches and pounds.
// The API is metric.
"use strict";

const CM_PER_INCH = 2.54, INCHES_PER_FOOT = 12, KG_PER_POUND = 0.45359237;

const inFeet = () => kept.get("units") === "feet";

// A height in cm, from "175", "175,5", "1.75 m", 5'9", "5 ft 9 in" or "69 in"; NaN for anything else.
function typedHeightCm(text) {
  const typed = text.trim().toLowerCase().replace(",", ".").replace(/[′’]/g, "'").replace(/[″”]|''/g, '"');
  const number = "(\\d+(?:\\.\\d+)?)";
  const as = (pattern) => typed.match(new RegExp(`^${pattern}$`))?.slice(1).map((each) => Number(each || 0));
  const cm = as(`${number}\\s*(?:cm)?`), metres = as(`${number}\\s*m`);
  const feet = as(`(\\d+)\\s*(?:'|ft|feet)\\s*(?:${number}\\s*(?:"|in|inches)?)?`), inches = as(`${number}\\s*(?:"|in|inches)`);
  if (cm) return cm[0];
  if (metres) return metres[0] * 100;
  if (feet) return feet[1] < INCHES_PER_FOOT ? (feet[0] * INCHES_PER_FOOT + feet[1]) * CM_PER_INCH : NaN;
  return inches ? inches[0] * CM_PER_INCH : NaN;
}

// To a tenth: nobody knows a height better.
const heightCm = () => Math.round(typedHeightCm($("height").value) * 10) / 10;

const lengthText = (cm) => (inFeet() ? cm / CM_PER_INCH : cm).toFixed(1);

// What was typed in an optional field of numbers; null where nothing was, NaN where it is no number.
function typedNumber(id) {
  const typed = $(id).value.trim().replace(",", ".");
  return typed ? (/^\d+(\.\d+)?$/.test(typed) ? Number(typed) : NaN) : null;
}

function weightKg() {
  const typed = typedNumber("weight");
  return typed && inFeet() ? Math.round(typed * KG_PER_POUND * 10) / 10 : typed;
}

// Feet and inches are two fields, since a phone's keyboard of numbers has no ' and no ".
function heightFromFeet() {
  const feet = typedNumber("feet"), inches = typedNumber("inches") ?? 0;
  $("height").value = feet === null ? "" : inches < INCHES_PER_FOOT ? ((feet * INCHES_PER_FOOT + inches) * CM_PER_INCH).toFixed(1) : "?";
}

function feetFromHeight() {
  const halves = Math.round((heightCm() / CM_PER_INCH) * 2); // to half an inch
  $("feet").value = halves ? Math.floor(halves / 2 / INCHES_PER_FOOT) : "";
  $("inches").value = halves ? (halves / 2) % INCHES_PER_FOOT : "";
}

function showUnits() {
  const feet = inFeet();
  $("height-cm").hidden = feet;
  $("height-feet").hidden = !feet;
  $("height-label").htmlFor = feet ? "feet" : "height";
  $("weight-unit").textContent = feet ? "lb" : "kg";
  for (const button of document.querySelectorAll("[data-units]"))
    button.setAttribute("aria-pressed", String((button.dataset.units === "feet") === feet));
}

function setUnits(units) {
  const kg = weightKg();
  kept.set("units", units);
  if (inFeet()) feetFromHeight();
  if (kg) $("weight").value = (inFeet() ? kg / KG_PER_POUND : kg).toFixed(0);
  showUnits();
  showBrings();
  if (state.measurement) { showLengths(); showSliders(); }
}

const shownHeight = () => $(inFeet() ? "feet" : "height");

function startUnits() {
  if (!kept.get("units")) kept.set("units", navigator.language === "en-US" ? "feet" : "cm");
  for (const button of document.querySelectorAll("[data-units]"))
    button.addEventListener("click", () => setUnits(button.dataset.units));
  for (const id of ["feet", "inches"]) $(id).addEventListener("input", heightFromFeet);
  showUnits();
}
