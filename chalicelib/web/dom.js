// What every part of the page uses: its elements, its words, what the browser keeps.
"use strict";

const $ = (id) => document.getElementById(id);
const state = { language: "en", catalogue: null, measurement: null, segments: null, recommendations: [], asked: 0, sent: null, refused: null };

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

const at = (tree, path) => path.reduce((node, name) => node?.[name], tree);
