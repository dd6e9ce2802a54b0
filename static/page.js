/* What every page can do by itself: theme, copying, menus, keys, and times that stay true. */
'use strict';

const root = document.documentElement;
const words = document.body.dataset;
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/* ---- Times: the server's clock counts, not this computer's ---- */
let clockOffset = 0;

function setClock(serverNow) { clockOffset = Date.parse(serverNow) - Date.now(); }
function serverNow() { return Date.now() + clockOffset; }

/* `20 s`, `14 min`, `27 h`, `14 d`: as the server writes it. */
function lengthOf(milliseconds) {
  const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
  const [s, min, h, d] = words.wordUnits.split(',');
  if (seconds < 60) return `${seconds} ${s}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${min}`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} ${h}`;
  return `${Math.floor(seconds / 86400)} ${d}`;
}

function tick() {
  for (const time of findAll('time[data-ago], time[data-length]')) {
    const age = serverNow() - Date.parse(time.dateTime);
    const length = lengthOf(age);
    const text = 'ago' in time.dataset ? words.wordAgo.replace('{}', length) : length;
    if (time.textContent !== text) time.textContent = text;
    if (age > 60000) time.closest('.beat:not(.dead)')?.classList.add('late');
  }
}

/* Clock times in the reader's own zone; the title keeps the absolute one. */
function localise() {
  const language = root.lang === 'en' ? 'en-GB' : root.lang; // Day before month, as the server writes it.
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  for (const time of findAll('time[data-clock], time[data-minute]')) {
    const at = new Date(time.dateTime);
    const seconds = 'clock' in time.dataset ? { ...minutes, second: '2-digit' } : minutes;
    const today = at.toDateString() === new Date(serverNow()).toDateString();
    time.textContent = at.toLocaleString(language, today ? seconds : { ...minutes, day: 'numeric', month: 'short' });
  }
}

/* ---- Theme: a cookie, so that the server paints the right one at once ---- */
function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  document.cookie = `theme=${root.dataset.theme}; path=${words.root}; max-age=31536000; samesite=lax`;
}

/* ---- Copying ---- */
async function write(text) {
  if (navigator.clipboard) { await navigator.clipboard.writeText(text); return; }
  const field = Object.assign(document.createElement('textarea'), { value: text, className: 'vh' });
  const focused = document.activeElement;
  document.body.append(field); // Browsers keep the clipboard from pages that came without TLS, but for this old way.
  field.select();
  document.execCommand('copy');
  field.remove();
  focused.focus();
}

async function copy(button, text) {
  await write(text);
  const label = find('span', button);
  const before = label?.textContent;
  button.classList.add('copied');
  if (label) label.textContent = words.wordCopied;
  find('#said').textContent = words.wordCopied;
  setTimeout(() => { button.classList.remove('copied'); if (label) label.textContent = before; }, 1500);
}

/* ---- Keys: off inside inputs, and wherever their reader switched them off ---- */
const keysAreOn = () => localStorage.getItem('keys') !== 'off';

function step(by) {
  const rows = findAll('#rows th > a');
  const at = rows.findIndex((link) => link.closest('tr').contains(document.activeElement));
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}

function openMenu(menu) {
  if (!menu) return;
  menu.open = true;
  find('button', menu).focus();
}

/* On a diagnosis its own buttons; on a list those for what is chosen, or for the row that has the focus. */
const focusedBox = () => find('#rows tr:focus-within input[name=pick]');

function ready() {
  if (!find('#rows')) return true;
  const box = focusedBox();
  if (box && !find('#rows :checked')) box.checked = true;
  return Boolean(find('#rows :checked'));
}

const KEYS = {
  '/': () => find('#q')?.focus(),
  'j': () => step(1),
  'k': () => step(-1),
  'c': () => (find('tr:focus-within [data-copy]') ?? find('main [data-copy]'))?.click(),
  'a': () => ready() && find('#do-ack')?.click(),
  'x': () => focusedBox()?.click(),
  's': () => ready() && openMenu(find('#do-snooze')),
  'm': () => ready() && find('#do-mine')?.click(),
  'e': () => ready() && find('#do-resolve')?.click(),
  '.': () => find('#live')?.click(),
  '?': () => find('#keys')?.togglePopover(),
};

function onKey(event) {
  if (event.key === 'Escape') { closeMenus(null); if (document.activeElement.closest('#rows')) document.activeElement.blur(); }
  if (event.ctrlKey || event.metaKey || event.altKey || !keysAreOn() || event.target.closest('input, textarea, select')) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
}

function closeMenus(except) {
  for (const menu of findAll('details.menu[open]')) if (!menu.contains(except)) menu.open = false;
}

function onClick(event) {
  closeMenus(event.target);
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.copy) copy(button, button.dataset.copy);
  else if ('copyLink' in button.dataset) copy(button, location.href.split('#')[0]);
  else if (button.id === 'print') print();
  else if ('themeSwitch' in button.dataset) switchTheme();
}

/* ---- What was done: gone after a while, unless somebody points at it ---- */
function fade(toast) {
  setTimeout(() => { if (toast.matches(':hover')) fade(toast); else toast.remove(); }, 10000);
}

findAll('.toast').forEach(fade);
document.addEventListener('click', onClick);
document.addEventListener('keydown', onKey);
if (words.now) {
  setClock(words.now);
  localise();
  setInterval(tick, 1000);
  const on = find('#keys-on');
  on.checked = keysAreOn();
  on.addEventListener('change', () => localStorage.setItem('keys', on.checked ? 'on' : 'off'));
}
