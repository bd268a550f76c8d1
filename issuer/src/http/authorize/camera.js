// Films a head that moves as the issuer asks, signs the film and sends it. Nothing of it is kept: the camera is off and
// the pictures are let go as soon as they are sent. The words are those of the page.

// What the issuer takes is 48 frames and 30 seconds; a little less, for a camera or a clock that is not exact.
const MOST_FRAMES = 46;
const LONGEST = 28000;
// Milliseconds between two frames at least, and pixels of a frame's longer side at most.
const FASTEST = 200;
const SIDE = 640;
const QUALITY = 0.82;
// Seconds that somebody is asked to wait on the page.
const PATIENCE = 600;
const MEDIA_TYPE = "application/vnd.tessera.frames";

const form = document.getElementById("camera");
const words = form.dataset;
const part = (name) => form.querySelector(`[data-part="${name}"]`);
const video = form.querySelector("video");

/** Why it does not go on: a sentence for the person, and what can be done. */
class Told extends Error {
  constructor(sentence, { code = "", wait = 0, left = null } = {}) {
    super(sentence);
    Object.assign(this, { code, wait, left });
  }
}

// Bytes.

const utf8 = (text) => new TextEncoder().encode(text);
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const number = (value, width) => Uint8Array.from({ length: width }, (_, i) => value >>> (8 * (width - 1 - i)));
const joined = async (...parts) => new Uint8Array(await new Blob(parts).arrayBuffer());

/** A key that cannot leave the browser and ends with the page, with its RFC 7638 thumbprint. */
async function newKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv, kty, x, y };
  const thumbprint = base64url(await sha256(utf8(JSON.stringify(jwk))));
  const sign = async (typ, payload) => {
    const segment = (value) => base64url(utf8(JSON.stringify(value)));
    const input = `${segment({ alg: "ES256", typ, jwk })}.${segment(payload)}`;
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, utf8(input));
    return `${input}.${base64url(new Uint8Array(signature))}`;
  };
  return { thumbprint, sign };
}

/** The answer to a challenge: a hash chain from its nonce over number, time and picture of each frame, its end signed. */
async function answer(challenge, frames, key) {
  let chain = await sha256(await joined(utf8("tessera-liveness-v1\0"), utf8(challenge.nonce)));
  const seen = new Set();
  const body = [];
  for (const { at, image } of frames) {
    const digest = await sha256(image);
    // A slow camera gives the same picture twice.
    if (seen.has(base64url(digest))) continue;
    chain = await sha256(await joined(chain, number(seen.size, 4), number(at, 4), digest));
    seen.add(base64url(digest));
    body.push(number(at, 4), number(image.length, 4), image);
  }
  // The issuer's clock, not this one's: when the challenge was drawn.
  const iat = Date.parse(challenge.expires_at) / 1000 - challenge.seconds;
  const claims = { aud: words.issuer, nonce: base64url(chain), iat };
  const proof = utf8(await key.sign("tessera-liveness+jwt", claims));
  return new Blob([utf8("TSF1"), number(proof.length, 2), proof, number(seen.size, 1), ...body], { type: MEDIA_TYPE });
}

// The issuer.

async function post(url, body, headers = {}) {
  headers = { "accept-language": document.documentElement.lang, ...headers };
  let response;
  try {
    response = await fetch(url, { method: "POST", headers, body, redirect: "error", cache: "no-store" });
  } catch {
    throw new Told(words.offline);
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const left = response.headers.get("attempts-left");
  throw new Told(problem.title ?? words.offline, {
    code: problem.code,
    wait: Number(response.headers.get("retry-after") ?? 0),
    left: left === null ? null : Number(left),
  });
}

async function challengeFor(key) {
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("pace");
  fields.set("number", fields.get("number").trim());
  fields.set("jkt", key.thumbprint);
  return (await post(form.action, fields)).json();
}

// The camera.

async function cameraOn() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Told(words.absent);
  const wanted = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } };
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    await video.play();
  } catch (error) {
    cameraOff();
    const why = { NotAllowedError: words.denied, SecurityError: words.denied, NotFoundError: words.absent };
    throw new Told(why[error.name] ?? words.broken);
  }
}

function cameraOff() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

const sleep = (milliseconds, signal) =>
  new Promise((done, fail) => {
    const stopped = () => fail(new Told(words.stopped));
    if (signal.aborted) return stopped();
    signal.addEventListener("abort", stopped, { once: true });
    setTimeout(done, milliseconds);
  });

/** Asks for the movements one after the other and takes frames all the while, the first before the first is asked. */
async function film(challenge, pace, shown, signal) {
  const asked = challenge.movements.flatMap((movement) => [movement, "front"]);
  const time = Math.min(pace * challenge.movements.length, LONGEST, (challenge.seconds - 10) * 1000);
  const every = Math.max(FASTEST, Math.ceil(time / (MOST_FRAMES - 1)));
  const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const brush = canvas.getContext("2d");
  const frames = [];
  const begun = performance.now();
  for (let passed = 0; passed <= time && frames.length < MOST_FRAMES; passed = performance.now() - begun) {
    brush.drawImage(video, 0, 0, canvas.width, canvas.height);
    const at = Math.round(performance.now() - shown);
    const taken = new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    ask(asked[Math.min(asked.length - 1, Math.floor((passed / time) * asked.length))]);
    part("progress").value = passed / time;
    const picture = await taken;
    if (!picture) throw new Told(words.broken);
    frames.push({ at, image: new Uint8Array(await picture.arrayBuffer()) });
    await sleep(Math.max(0, begun + frames.length * every - performance.now()), signal);
  }
  return frames;
}

// What the person sees.

/** `idle`, `ready`, `filming`, `judging`, `passed` or `told`. */
function state(name) {
  form.dataset.state = name;
  part("who").disabled = !["idle", "told", "ready"].includes(name);
  part("stage").hidden = !["ready", "filming"].includes(name);
  part("progress").hidden = name !== "filming";
  part("result").hidden = name !== "told";
  part("stop").hidden = !["ready", "filming"].includes(name);
  part("go").hidden = !["idle", "ready", "told"].includes(name);
  part("go").textContent = { idle: words.start, ready: words.begin }[name] ?? words.again;
  part("go").disabled = false;
  part("number").textContent = "";
}

/** Says what to do, once: a screen reader reads it each time it changes. */
function ask(what, sentence = words[what]) {
  form.dataset.to = what;
  part("ask").hidden = !sentence;
  if (part("ask").textContent !== sentence) part("ask").textContent = sentence;
}

async function tell(told) {
  state("told");
  ask("nothing", "");
  const { code, wait, left } = told;
  const over = left === 0 || wait > PATIENCE || (code === "too_many_attempts" && wait === 0);
  const line = (seconds) => {
    const counted = left !== null && words.leftOver.replace("{n}", left);
    const waiting = seconds > 0 && words.wait.replace("{n}", seconds);
    return [told.message, ...(over ? [words.none] : [counted, waiting])].filter(Boolean).join(" ");
  };
  const result = part("result");
  result.textContent = line(wait);
  if (code) {
    const small = document.createElement("small");
    small.textContent = code;
    result.append(" ", small);
  }
  const go = part("go");
  go.hidden = over;
  go.disabled = wait > 0 && !over;
  for (let seconds = wait - 1; go.disabled && form.dataset.state === "told"; seconds -= 1) {
    await new Promise((done) => setTimeout(done, 1000));
    // A screen reader does not read what is not said anew.
    result.firstChild.data = line(Math.max(0, seconds));
    if (seconds <= 0) go.disabled = false;
  }
  go.focus();
}

// The way through.

let key = null;
let running = null;

async function look() {
  await cameraOn();
  state("ready");
  ask("front", words.hold);
  part("stage").scrollIntoView({ block: "nearest" });
}

async function take(signal) {
  key ??= await newKey();
  const pace = Number(new FormData(form).get("pace"));
  const challenge = await challengeFor(key);
  const shown = performance.now();
  state("filming");
  part("stop").focus();
  part("stage").scrollIntoView({ block: "center" });
  ask("front", words.count);
  for (const left of [3, 2, 1]) {
    part("number").textContent = left;
    await sleep(1000, signal);
  }
  part("number").textContent = "";
  const frames = await film(challenge, pace, shown, signal);
  cameraOff();
  state("judging");
  ask("nothing", words.judging);
  const csrf = new FormData(form).get("csrf");
  await post(words.frames, await answer(challenge, frames, key), { "content-type": MEDIA_TYPE, "csrf-token": csrf });
  state("passed");
  ask("nothing", words.passed);
  location.replace(words.next);
}

async function step(event) {
  event.preventDefault();
  if (running) return;
  running = new AbortController();
  try {
    await (form.dataset.state === "ready" ? take(running.signal) : look());
  } catch (error) {
    cameraOff();
    // Answered already, or over: the page itself says which.
    if (["wrong_state", "authorization_unknown"].includes(error.code)) location.replace(words.next);
    else tell(error instanceof Told ? error : new Told(words.broken));
  } finally {
    running = null;
  }
}

function stop() {
  if (running) return running.abort();
  cameraOff();
  tell(new Told(words.stopped));
}

form.addEventListener("submit", step);
part("stop").addEventListener("click", stop);
// A page in the background films nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && ["ready", "filming"].includes(form.dataset.state)) stop();
});
state("idle");
document.getElementById("unscripted").hidden = true;
form.hidden = false;
