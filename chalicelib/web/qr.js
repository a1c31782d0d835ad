// A car's settings as a short text that its head unit scans: docs/api.md, "The code that a car scans".
"use strict";

const CODE_VERSION = "HM1";
const VSS_CODES = {
  "Vehicle.Cabin.Seat.Row1.DriverSide.Position": "SP", "Vehicle.Cabin.Seat.Row1.DriverSide.Height": "SH",
  "Vehicle.Cabin.Seat.Row1.DriverSide.Tilt": "ST", "Vehicle.Cabin.Seat.Row1.DriverSide.Backrest.Recline": "SR",
  "Vehicle.Cabin.Seat.Row1.DriverSide.Headrest.Height": "HH", "Vehicle.Cabin.Seat.Row1.DriverSide.SeatBeltHeight": "BH",
  "Vehicle.Chassis.SteeringWheel.Extension": "WE", "Vehicle.Chassis.SteeringWheel.Tilt": "WT",
  "Vehicle.Body.Mirrors.DriverSide.Yaw": "DY", "Vehicle.Body.Mirrors.DriverSide.Tilt": "DT",
  "Vehicle.Body.Mirrors.PassengerSide.Yaw": "PY", "Vehicle.Body.Mirrors.PassengerSide.Tilt": "PT",
  "Vehicle.Private.Hypermob.InteriorMirror.Yaw": "IY", "Vehicle.Private.Hypermob.InteriorMirror.Tilt": "IT",
  "Vehicle.Private.Hypermob.HUD.Height": "HU",
};
const VHAL_CODES = {
  SEAT_FORE_AFT_POS: "SP", SEAT_HEIGHT_POS: "SH", SEAT_TILT_POS: "ST", SEAT_BACKREST_ANGLE_1_POS: "SR",
  SEAT_HEADREST_HEIGHT_POS_V2: "HH", SEAT_BELT_HEIGHT_POS: "BH",
  STEERING_WHEEL_DEPTH_POS: "WE", STEERING_WHEEL_HEIGHT_POS: "WT",
  "MIRROR_Y_POS DRIVER_LEFT": "LY", "MIRROR_Z_POS DRIVER_LEFT": "LZ", "MIRROR_Y_POS DRIVER_RIGHT": "RY",
  "MIRROR_Z_POS DRIVER_RIGHT": "RZ", "MIRROR_Y_POS DRIVER_CENTER": "CY", "MIRROR_Z_POS DRIVER_CENTER": "CZ",
};

// Only characters of a QR code's alphanumeric mode, which packs two into eleven bits.
function carCode(kind, found) {
  const values = kind === "VSS"
    ? Object.entries({ ...found.vss, ...found.vss_private }).map(([path, value]) => [VSS_CODES[path], value])
    : found.vhal.map((each) => [VHAL_CODES[each.property] || VHAL_CODES[`${each.property} ${each.area}`], each.value]);
  return [CODE_VERSION, kind, found.vehicle.toUpperCase().replaceAll("_", "-"), found.drive_side === "right" ? "R" : "L",
    ...values.filter(([code]) => code).map(([code, value]) => code + value)].join(":");
}

function qrPicture(text) {
  const { data, size } = uqr.encode(text, { ecc: "M", border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((each, x) => (each ? `M${x} ${y}h1v1h-1z` : [])));
  return svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": t("qr_alt"), "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }), svg("path", { d: dark.join(""), fill: "#000" }));
}

function showQr() {
  const [found] = state.recommendations;
  if (!found) return;
  const text = carCode($("qr-kind").value, found);
  $("qr").replaceChildren(qrPicture(text));
  $("qr-text").textContent = text;
}
