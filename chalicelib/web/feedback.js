// What the person hears and feels who stands metres from the phone: beeps, spoken hints, vibration.
"use strict";

const VOICES = { en: "en-US", ko: "ko-KR" };
let sound = null;

const muted = () => kept.get("muted") === "yes";

// Browsers let a page sound only after a tap: called by one.
function wakeSound() {
  try {
    sound ||= new AudioContext();
    sound.resume();
  } catch { sound = null; } // no sound device: what is seen and felt stays
}

function beep(hertz, ms) {
  if (muted() || !sound) return;
  const tone = sound.createOscillator(), volume = sound.createGain(), end = sound.currentTime + ms / 1000;
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.4, sound.currentTime);
  volume.gain.linearRampToValueAtTime(0, end);
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(end);
}

function tell(name) {
  if (muted() || !window.speechSynthesis) return;
  const words = new SpeechSynthesisUtterance(t(name));
  words.lang = VOICES[state.language];
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}

const buzz = (pattern) => navigator.vibrate?.(pattern);

function hush() {
  window.speechSynthesis?.cancel();
  navigator.vibrate?.(0);
}

function showMuted() {
  $("mute").setAttribute("aria-pressed", String(muted()));
}
