// The camera's pitch and roll, from the phone's orientation sensor.
"use strict";

// What measures well; beyond the limits the photo is to be taken again (docs/api.md).
const LEVEL_DEG = { pitch: 10, roll: 3 }, TILTED_DEG = { pitch: 20, roll: 8 };
const LAST_MS = 400; // a reading is the median of this long: hands and sensors tremble

const level = { readings: [], facing: "environment", listening: false };

// Pitch (up positive) and roll (clockwise positive) in degrees, of the camera that looks out of the
// phone's back or face, from the angles of W3C's DeviceOrientationEvent. Where "up" is in the phone's
// own axes follows from beta and gamma; alpha turns about it. beta alone jumps where gamma does not.
function attitude(beta, gamma, facing, screenDeg) {
  const rad = Math.PI / 180, b = beta * rad, g = gamma * rad;
  const up = { x: -Math.cos(b) * Math.sin(g), y: Math.sin(b), z: Math.cos(b) * Math.cos(g) };
  const outward = facing === "user" ? up.z : -up.z;
  const turned = Math.atan2(up.x, up.y) / rad - screenDeg;
  return { pitch: Math.asin(Math.max(-1, Math.min(1, outward))) / rad, roll: -((((turned + 180) % 360) + 360) % 360 - 180) };
}

function read(event) {
  if (event.beta === null || event.gamma === null) return; // a browser without the sensor says so once
  const found = attitude(event.beta, event.gamma, level.facing, screen.orientation?.angle ?? window.orientation ?? 0);
  level.readings = [...level.readings, { ...found, at: performance.now() }].slice(-60);
}

const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// { pitch, roll } just now; null without a sensor.
function attitudeNow() {
  const since = performance.now() - LAST_MS, recent = level.readings.filter((each) => each.at >= since);
  const last = recent.length ? recent : level.readings.slice(-1); // a phone that lies still sends no more
  return last.length ? { pitch: middle(last.map((each) => each.pitch)), roll: middle(last.map((each) => each.roll)) } : null;
}

const within = (now, limits) => Math.abs(now.pitch) <= limits.pitch && Math.abs(now.roll) <= limits.roll;

// iOS asks the person, and only when a tap called this. True unless they said no.
async function listenToTilt(facing) {
  Object.assign(level, { readings: [], facing });
  let allowed = true;
  try {
    if (window.DeviceOrientationEvent?.requestPermission) allowed = (await DeviceOrientationEvent.requestPermission()) === "granted";
  } catch { allowed = false; } // not called by a tap
  if (allowed && !level.listening) addEventListener("deviceorientation", read);
  level.listening ||= allowed;
  return allowed;
}

function stopListeningToTilt() {
  removeEventListener("deviceorientation", read);
  Object.assign(level, { readings: [], listening: false });
}

// In the picture: a line that lies as the horizon does, and its words when they change.
function showLevel(allowed) {
  const now = attitudeNow(), good = Boolean(now) && within(now, LEVEL_DEG);
  $("level").classList.toggle("nothing", !now);
  $("level").classList.toggle("good", good);
  if (now) {
    const offset = Math.max(-40, Math.min(40, now.pitch * 2));
    $("horizon").setAttribute("transform", `rotate(${(-now.roll).toFixed(1)}) translate(0 ${offset.toFixed(1)})`);
    $("level-numbers").textContent = `${Math.round(now.pitch) + 0}° / ${Math.round(now.roll) + 0}°`;
  } else $("level-numbers").textContent = "";
  const rolls = now && Math.abs(now.roll) > LEVEL_DEG.roll;
  const said = !allowed ? "tilt_refused" : !now ? "tilt_unknown" : good ? "tilt_good" : rolls ? "tilt_roll" : now.pitch > 0 ? "tilt_up" : "tilt_down";
  if ($("level-words").textContent !== t(said)) $("level-words").textContent = t(said);
}
