/* Makes an element like another and touches only what differs, so that focus, scroll, selection, typed text and
   opened menus stay. Elements are the same if they have the same id; without ids, if they follow each other.
   data-own: left alone, a script keeps it. data-hold: left alone if it differs, and its button says so. */
'use strict';

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) { old.replaceWith(fresh); return; }
  if (old.nodeType !== Node.ELEMENT_NODE) { old.data = fresh.data; return; }
  if (old.hasAttribute('data-own')) return;
  if (old.hasAttribute('data-hold')) { offerNewer(old, fresh); return; }
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

function morphAttributes(old, fresh) {
  const kept = (name) => name === 'open' || (name === 'value' && old === document.activeElement);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !kept(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept(name)) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const byId = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const want of [...fresh.childNodes]) {
    const have = want.id ? byId.get(want.id) : nextLike(at, want);
    if (!have) { old.insertBefore(want, at); continue; }
    if (have === at) at = at.nextSibling; else move(have, old, at);
    morph(have, want);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
}

function nextLike(node, want) {
  while (node && (node.id || node.nodeName !== want.nodeName)) node = node.nextSibling;
  return node;
}

/* The newer way to move keeps focus and running animations. */
function move(node, parent, before) {
  if (parent.moveBefore) parent.moveBefore(node, before); else parent.insertBefore(node, before);
}

/* Evidence is never exchanged under the eyes of its reader. Times tick, and what a script keeps is its own: neither
   counts as a difference. */
function offerNewer(old, fresh) {
  const text = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('time, [data-own]').forEach((part) => part.remove());
    return copy.textContent;
  };
  const button = document.querySelector(`[data-newer="${old.id}"]`);
  const same = text(old) === text(fresh);
  button.hidden = same;
  button.onclick = same ? null : () => { old.replaceWith(fresh); button.hidden = true; };
}
