// The driver in the car, who moves from drawing to drawing, and what the mirrors show.
"use strict";

const MOVE_MS = 350;
// What a drawing of the API is made of. The page's policy would stop a script in it; a saved file has none.
const SHAPES = ["svg", "title", "g", "path", "rect", "circle", "ellipse", "line", "text"];
const NUMBER = /-?\d+(?:\.\d+)?/g;

function drawingOf(text) {
  const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  for (const node of [drawn, ...drawn.querySelectorAll("*")]) {
    if (!SHAPES.includes(node.tagName)) node.remove();
    for (const { name } of [...node.attributes]) if (/^on|href$/i.test(name)) node.removeAttribute(name);
  }
  return drawn;
}

function showDrivers() {
  const cars = state.recommendations, narrow = matchMedia("(max-width: 46rem)").matches;
  const shown = [...$("drivers").children];
  cars.forEach((each, i) => {
    const drawn = drawingOf(each.drawing);
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
