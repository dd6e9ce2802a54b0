/* The palette: ctrl-k, then a few letters, then enter. The server finds and words what there is; this adds where its
   reader was lately and what this page can do. The combobox keeps the focus while the arrows walk the list (WAI-ARIA,
   "Combobox with listbox popup"). */
'use strict';

(() => {
  const dialog = find('#palette');
  if (!dialog) return;
  const AFTER = 150, RECENT = 8; // Milliseconds of silence before the server is asked; pages that are remembered.
  const field = find('input', dialog), list = find('[role=listbox]', dialog), said = find('[role=status]', dialog);
  let timer, shownFor, asking = new AbortController();

  /* ---- Where its reader was ---- */
  const recent = () => JSON.parse(localStorage.getItem('recent') ?? '[]').filter(({ href }) => href !== here);
  const here = location.pathname + location.search;
  if (/\/(d|p)\/[^/]+$|\/search\?q=./.test(here)) {
    const visit = { href: here, text: document.title.replace(/ · Sickbay$/, '') };
    localStorage.setItem('recent', JSON.stringify([visit, ...recent()].slice(0, RECENT)));
  }

  /* Whoever comes next to this browser is not told. */
  document.addEventListener('submit', (event) => {
    if (event.target.hasAttribute('data-signs-out')) localStorage.removeItem('recent');
  });

  /* ---- What stands in the list ---- */
  function group(name, lines) {
    const box = Object.assign(document.createElement('div'), { ariaLabel: name });
    box.setAttribute('role', 'group');
    const heading = Object.assign(document.createElement('p'), { textContent: name, ariaHidden: 'true' });
    box.append(heading, ...lines);
    return lines.length ? [box] : [];
  }

  function option(id, text, href, command = '') {
    const line = Object.assign(document.createElement('a'), { id, href, tabIndex: -1 });
    line.setAttribute('role', 'option');
    line.append(Object.assign(document.createElement('span'), { className: 'text', textContent: text }));
    if (command) line.dataset.command = command;
    return line;
  }

  /* The list of keys knows what this page can do, and by which name. */
  function commands(text) {
    const words = text.toLowerCase().split(/\s+/);
    return findAll('#keys [data-command]').filter((line) => worksHere(line.dataset.does)).flatMap((line, n) => {
      const name = find('dt', line).textContent;
      return words.every((word) => name.toLowerCase().includes(word)) ? [option(`o-do-${n}`, name, '#', line.dataset.does)] : [];
    });
  }

  function show(found) {
    const kept = shownFor === field.value && selected()?.id; // More of the same came: whoever walked on stays there.
    shownFor = field.value;
    const visited = field.value ? [] : recent().map(({ href, text }, n) => option(`o-recent-${n}`, text, href));
    const { wordRecent, wordCommands } = dialog.dataset;
    list.replaceChildren(...group(wordRecent, visited), ...group(wordCommands, commands(field.value)), ...found);
    said.textContent = '';
    select((kept && document.getElementById(kept)) || find('[role=option]', list));
  }

  /* ---- Asking the server ---- */
  async function ask() {
    asking.abort();
    asking = new AbortController();
    try {
      const address = `${dialog.dataset.search}?part&q=${encodeURIComponent(field.value)}`;
      const response = await fetch(address, { signal: asking.signal, redirect: 'error' });
      if (!response.ok) throw new Error(response.statusText);
      show(new DOMParser().parseFromString(await response.text(), 'text/html').body.children);
    } catch (error) {
      if (error.name !== 'AbortError') said.textContent = dialog.dataset.wordFailed; // What was found stays.
    }
  }

  /* ---- Walking and choosing ---- */
  const selected = () => find('[aria-selected=true]', list);

  function select(line) {
    selected()?.setAttribute('aria-selected', 'false');
    line?.setAttribute('aria-selected', 'true');
    line?.scrollIntoView({ block: 'nearest' });
    field.setAttribute('aria-activedescendant', line?.id ?? '');
  }

  function walk(by) {
    const lines = findAll('[role=option]', list);
    select(lines.at((lines.indexOf(selected()) + by) % lines.length));
  }

  function take(event, line) {
    if (!line?.dataset.command) return;
    event.preventDefault();
    dialog.close();
    doKey(line.dataset.command);
  }

  const WALKS = { ArrowDown: 1, ArrowUp: -1 };
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key in WALKS) { event.preventDefault(); walk(WALKS[event.key]); }
    if (event.key === 'Enter' && selected()) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) window.open(selected().href, '_blank', 'noopener'); else selected().click();
    }
  });
  field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, AFTER); });
  list.addEventListener('pointermove', (event) => { const line = event.target.closest('[role=option]'); if (line) select(line); });
  list.addEventListener('click', (event) => take(event, event.target.closest('[role=option]')));
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); }); // Beside it.

  /* ---- Opening ---- */
  function open() {
    if (dialog.open) { dialog.close(); return; }
    field.value = '';
    show([]);
    dialog.showModal();
    ask();
  }

  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener('click', (event) => { if (event.target.closest('[data-palette]')) open(); });
})();
