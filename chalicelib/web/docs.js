// Reads the API description that is served beside it, and writes it out for people.
"use strict";

// On a stage's own address (/dev) what is beside it is one level down.
const base = location.origin + location.pathname.replace(/\/docs\/?$/, "") + "/";

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// `code` in texts of the description.
const words = (text) =>
  (text || "").split("`").map((part, i) => (i % 2 ? el("code", null, part) : part));

const table = (heads, rows) =>
  el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": heads.join(", ") },
    el("table", null,
      el("thead", null, el("tr", null, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", null, rows)));

function reader(whole) {
  const resolve = (schema) =>
    schema.$ref ? whole.components.schemas[schema.$ref.split("/").pop()] : schema;
  const kinds = (schema) => (schema.anyOf || [schema]).filter((each) => each.type !== "null");

  function kind(schema) {
    const one = resolve(schema);
    if (one.anyOf) return kinds(one).map(kind).join(" or ");
    if ("const" in one) return JSON.stringify(one.const);
    if (one.enum) return "text";
    if (one.prefixItems) return `[${one.prefixItems.map(kind).join(", ")}]`;
    if (one.type === "array") return `list of ${kind(one.items || {})}`;
    return { string: "text", object: "object", integer: "whole number" }[one.type] || one.type || "any";
  }

  function limits(schema) {
    const one = resolve(kinds(schema)[0] || {});
    const unit = schema["x-unit"] || one["x-unit"];
    return [
      "minimum" in one ? `${one.minimum} to ${one.maximum}` : "",
      unit || "",
      one.enum ? one.enum.join(", ") : "",
      one.maxItems && !one.prefixItems ? `at most ${one.maxItems}` : "",
    ].filter(Boolean).join(" ");
  }

  function rows(schema, deep) {
    const one = resolve(schema);
    if (one.anyOf) return kinds(one).flatMap((each) => rows(each, deep));
    if (one.items && !one.prefixItems) return rows(one.items, deep);
    const found = Object.entries(one.properties || {}).flatMap(([name, field]) => {
      const inner = resolve(kinds(field)[0] || {});
      const text = field.description || inner.description || "";
      return [
        el("tr", null,
          el("td", null, el("span", { class: `deep${Math.min(deep, 5)}` }, el("code", null, name))),
          el("td", null, kind(field), (one.required || []).includes(name) ? "" : ", optional"),
          el("td", null, limits(field)),
          el("td", null, words(text))),
        ...rows(field, deep + 1),
      ];
    });
    if (one.additionalProperties && one.additionalProperties !== true) {
      const below = rows(one.additionalProperties, deep + 1);
      if (below.length) found.push(el("tr", null,
        el("td", null, el("span", { class: `deep${Math.min(deep, 5)}` }, "each name")),
        el("td", null, kind(one.additionalProperties)), el("td"), el("td")), ...below);
    }
    return found;
  }

  const fields = (schema) => table(["Name", "Type", "Values", ""], rows(schema, 0));

  function curl(method, path, operation) {
    const lines = [`curl -X ${method.toUpperCase()} ${base.replace(/\/$/, "")}${path}`];
    if (!operation.security) lines.push(`-H "X-API-Key: $KEY"`);
    const body = operation.requestBody && operation.requestBody.content["application/json"];
    if (body) {
      lines.push(`-H 'Content-Type: application/json'`);
      lines.push(`-d '${JSON.stringify(body.example)}'`);
    }
    return lines.join(" \\\n  ");
  }

  function operation(path, method, described) {
    const answers = Object.entries(described.responses);
    const good = answers.filter(([status]) => status < "3");
    const bad = answers.filter(([status]) => status >= "4");
    const body = described.requestBody;
    return el("section", { id: described.operationId, "aria-labelledby": `${described.operationId}-h` },
      el("h2", { id: `${described.operationId}-h` },
        el("span", { class: "method" }, method.toUpperCase()), el("code", null, path)),
      el("p", null, described.summary, "."),
      el("pre", { tabindex: "0" }, curl(method, path, described)),
      body ? [el("h3", null, "Body"), fields(body.content["application/json"].schema)] : [],
      el("h3", null, "Parameters"),
      table(["Name", "In", ""], described.parameters.map((each) =>
        el("tr", null, el("td", null, el("code", null, each.name)), el("td", null, each.in),
          el("td", null, words(each.description || each.schema.description))))),
      good.map(([status, answer]) =>
        el("details", status === "200" ? { open: "" } : null,
          el("summary", null, `Answer ${status}`),
          answer.headers ? el("p", null, "Headers: ", Object.keys(answer.headers).join(", ")) : null,
          fields(answer.content["application/json"].schema.properties.data))),
      el("details", null, el("summary", null, "Errors"),
        table(["Code", "Status", "Message"], bad.flatMap(([status, answer]) =>
          Object.entries(answer.content["application/json"].examples).map(([code, example]) =>
            el("tr", null, el("td", null, el("code", null, code)), el("td", null, status),
              el("td", null, example.value.error.message)))))));
  }

  const operations = Object.entries(whole.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => [path, method, described]));
  return [
    whole.info.description.trim().split(/\n\n+/).map((text) => el("p", null, words(text))),
    el("nav", { "aria-label": "Routes" }, el("ul", null, operations.map(([path, method, described]) =>
      el("li", null, el("a", { href: `#${described.operationId}` },
        el("span", { class: "method" }, method.toUpperCase()), path))))),
    operations.map((each) => operation(...each)),
  ].flat();
}

async function start() {
  document.getElementById("json").href = base + "openapi.json";
  try {
    const answer = await fetch(base + "openapi.json");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const whole = await answer.json();
    document.getElementById("version").textContent = whole.info.version;
    document.getElementById("main").replaceChildren(...reader(whole));
    if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
  } catch (error) {
    document.getElementById("state").textContent =
      `The description cannot be read (${error.message}). Load this page again.`;
  }
}

start();
