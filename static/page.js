/* What every page can do by itself: theme, copying, menus, and notes of what was done. */
'use strict';

const root = document.documentElement;
const words = document.body.dataset;
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/* A cookie, so that the server knows when it writes the next page. */
function remember(name, value) {
  document.cookie = `${name}=${value}; path=${words.root}; max-age=31536000; samesite=lax`;
}

/* ---- Theme ---- */
function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  remember('theme', root.dataset.theme);
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

/* ---- Menus: one at a time, and none once somebody looks elsewhere ---- */
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

/* Escape closes the menu, gives the focus back to what opened it, and does nothing else. */
function onEscape(event) {
  if (event.key !== 'Escape' || !find('details.menu[open]')) return;
  event.preventDefault();
  const menu = document.activeElement.closest('details.menu[open]');
  closeMenus(null);
  if (menu) find('summary', menu).focus();
}

/* ---- What was done: gone after a while, unless somebody points at it ---- */
function fade(toast) {
  setTimeout(() => { if (toast.matches(':hover, :focus-within')) fade(toast); else toast.remove(); }, 10000);
}

findAll('.toast').forEach(fade);
document.addEventListener('click', onClick);
document.addEventListener('keydown', onEscape);
