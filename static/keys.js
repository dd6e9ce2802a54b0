/* Keys. A page declares what a key presses: data-key="p" on any control, data-key="g t" for two keys in turn. Here is
   only what no control stands for: walking a list, two keys in turn, and the list of keys, which tells of this page's.
   Off while somebody types, and wherever their reader switched them off. */
'use strict';

const CHORD_WAITS = 2000; // Milliseconds for the second key.
const ON_THE_LINE = '#rows th > a, a[data-stop]';
const keysAreOn = () => localStorage.getItem('keys') !== 'off';

/* ---- The row that keys act on. It is known by its link and its place: a refresh may exchange it, or take it away ---- */
const at = { href: '', index: 0 };
const stops = () => findAll(ON_THE_LINE).filter((link) => link.checkVisibility());

function rowOf(element) {
  const row = element?.closest('tr, li');
  return row?.matches('.peek') ? row.previousElementSibling : row;
}

const hereRow = () => rowOf(stops().find((link) => link.href === at.href));

function mark() {
  for (const row of findAll('.is-at')) row.classList.remove('is-at');
  hereRow()?.classList.add('is-at');
}

function onFocus(event) {
  const row = rowOf(event.target);
  const links = row ? stops() : [];
  const index = links.findIndex((link) => rowOf(link) === row);
  if (index < 0) return;
  Object.assign(at, { href: links[index].href, index });
  mark();
}

function step(by) {
  const links = stops();
  const index = links.findIndex((link) => link.href === at.href);
  const next = index < 0 ? at.index + Math.min(by, 0) : index + by;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

function leaveRow() {
  if (rowOf(document.activeElement)) document.activeElement.blur();
  at.href = '';
  mark();
}

/* What a form does to a row comes back as the same page: there the walk goes on, and nothing has moved. */
function keepPlace() { sessionStorage.setItem('at', JSON.stringify({ ...at, page: location.href, top: scrollY })); }

function resumePlace() {
  const { page, top, ...kept } = JSON.parse(sessionStorage.getItem('at') ?? '{}');
  sessionStorage.removeItem('at');
  if (page !== location.href) return;
  Object.assign(at, kept);
  mark();
  if (at.href) scrollTo({ top, behavior: 'instant' });
}

/* ---- What a key presses: what is for those chosen if any are, else what belongs to the row, else the page's own ---- */
function controlOf(key) {
  const all = findAll(`[data-key="${CSS.escape(key)}"]`).filter((control) => !control.disabled && !control.closest('[hidden]'));
  const row = hereRow(), forChosen = all.find((control) => control.closest('[data-for-chosen]'));
  if (forChosen && find('#rows :checked')) return forChosen;
  const inList = (control) => control.closest('#rows');
  const ofRow = row && all.find((control) => rowOf(control) === row);
  const ofPage = all.find((control) => !inList(control) && control !== forChosen);
  const copies = all.find((control) => control.dataset.copy); // That changes nothing: the first will do.
  return ofRow ?? ofPage ?? copies ?? (row && forChosen);
}

function chooseHere() {
  const box = hereRow() && find('input[name=pick]', hereRow());
  if (box && !find('#rows :checked')) box.click();
}

function press(control) {
  if (!control) return;
  if (control.closest('[data-for-chosen]')) chooseHere();
  if (control.matches('details')) { control.open = true; find('button, a', control).focus(); }
  else if (control.matches('input:not([type=checkbox]), textarea, select')) { control.focus(); control.select?.(); }
  else control.click();
}

/* ---- Keys without a control ---- */
const openRow = (target) => { const row = hereRow(); if (row) window.open(find(ON_THE_LINE, row).href, target, 'noopener'); };
const OWN = {
  'j': () => step(1),
  'k': () => step(-1),
  'o': () => openRow('_blank'),
  'Enter': () => { if (hereRow()) location.href = at.href; },
  '?': () => find('#keys').togglePopover(),
};

/* Whether a key does anything here: so the list of keys never promises what the page has not. */
function worksHere(key) {
  if (['j', 'k', 'o', 'Enter'].includes(key)) return stops().length > 0;
  if (key in OWN || key === 'ctrl k') return true;
  return findAll(`[data-key="${CSS.escape(key)}"]`).some((control) => !control.closest('[hidden]')
    && (stops().length > 0 || !control.closest('[data-for-chosen]')));
}

function doKey(key) { if (OWN[key]) OWN[key](); else press(controlOf(key)); }

/* ---- Two keys in turn: what may come second is shown meanwhile ---- */
let first = '', waiting;

function awaitSecond(key) {
  clearTimeout(waiting);
  first = key;
  tellWhatWorks(find('#chord'));
  find('#chord').hidden = !key;
  if (key) waiting = setTimeout(awaitSecond, CHORD_WAITS, '');
}

const startsTwo = (key) => Boolean(find(`[data-key^="${CSS.escape(key)} "]`));

/* ---- Listening ---- */
function typing(target) {
  return target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]');
}

/* Enter and space belong to whatever control has the focus. */
function taken(event) {
  if (event.key === 'Enter') return event.target !== document.body;
  return event.key === ' ' && event.target.closest('button, summary, input');
}

function onKey(event) {
  if (event.defaultPrevented) return;
  if (event.key === 'Escape') { leaveRow(); awaitSecond(''); }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && !'jk'.includes(event.key)) return;
  if (!keysAreOn() || typing(event.target) || taken(event) || find('dialog:modal')) return;
  const key = event.key === ' ' ? 'space' : event.key;
  const both = first && `${first} ${key}`;
  awaitSecond('');
  if (both && find(`[data-key="${CSS.escape(both)}"]`)) { event.preventDefault(); doKey(both); }
  else if (startsTwo(key)) awaitSecond(key);
  else if (worksHere(key)) { event.preventDefault(); doKey(key); }
}

/* ---- The list of keys ---- */
function tellWhatWorks(within) {
  for (const line of findAll('[data-does]', within)) line.hidden = !line.dataset.does.split(',').some(worksHere);
}

if (find('#keys')) {
  const on = find('#keys-on');
  on.checked = keysAreOn();
  on.addEventListener('change', () => localStorage.setItem('keys', on.checked ? 'on' : 'off'));
  find('#keys').addEventListener('beforetoggle', () => tellWhatWorks(find('#keys')));
  document.addEventListener('keydown', onKey);
  document.addEventListener('focusin', onFocus);
  document.addEventListener('submit', keepPlace);
  document.addEventListener('fresh', mark);
  resumePlace();
}
