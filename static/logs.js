/* The viewer of logs and YAML: search, least severity, wrapping, copying. The server does the first two as well, so that
   an address says what was looked for and nothing needs this script; here they answer while somebody types. */
'use strict';

(() => {
  const found = new Map(); // Viewer to the ranges of its matches.
  const linesOf = (viewer) => findAll('.log > [id]', viewer);
  const textOf = (line) => line.childNodes[1]?.data ?? ''; // Behind the number.
  const fill = (text, ...values) => values.reduce((said, value) => said.replace('{}', value), text);

  function rangesIn(node, wanted) {
    const text = node.data.toLowerCase(), ranges = [];
    if (text.length !== node.data.length) return ranges; // Some letters change their length; the line is marked anyway.
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      ranges.push(range);
    }
    return ranges;
  }

  function apply(viewer) {
    const wanted = find('input[type=search]', viewer).value.toLowerCase();
    const least = Number(find('select', viewer)?.selectedOptions[0].dataset.level ?? 0);
    const ranges = [];
    for (const line of linesOf(viewer)) {
      line.hidden = line.localName !== 'mark' && Number(line.dataset.level ?? 0) < least;
      const matches = Boolean(wanted) && textOf(line).toLowerCase().includes(wanted);
      line.classList.toggle('found', matches);
      line.classList.remove('at');
      if (matches && !line.hidden) ranges.push(...rangesIn(line.childNodes[1], wanted));
    }
    found.set(viewer, ranges);
    paint();
    count(viewer);
  }

  /* Browsers without custom highlights still mark the lines. */
  function paint() {
    for (const viewer of found.keys()) if (!viewer.isConnected) found.delete(viewer);
    if (CSS.highlights) CSS.highlights.set('found', new Highlight(...[...found.values()].flat()));
  }

  const matchesIn = (viewer) => linesOf(viewer).filter((line) => line.classList.contains('found') && !line.hidden);

  function count(viewer) {
    const matches = matchesIn(viewer), said = [];
    const hidden = linesOf(viewer).filter((line) => line.hidden).length;
    if (find('input[type=search]', viewer).value) {
      const at = matches.findIndex((line) => line.classList.contains('at')) + 1;
      const { wordFound, wordAll, wordNone } = viewer.dataset;
      said.push(at ? fill(wordFound, at, matches.length) : matches.length ? fill(wordAll, matches.length) : wordNone);
    }
    if (hidden) said.push(fill(viewer.dataset.wordHidden, hidden));
    find('[data-count]', viewer).textContent = said.join(', ');
    for (const button of findAll('[data-step]', viewer)) button.hidden = !matches.length;
  }

  function step(viewer, by) {
    const matches = matchesIn(viewer);
    if (!matches.length) return;
    const at = matches.findIndex((line) => line.classList.contains('at'));
    const next = matches[at < 0 ? (by > 0 ? 0 : matches.length - 1) : (at + by + matches.length) % matches.length];
    matches[at]?.classList.remove('at');
    next.classList.add('at');
    show(next);
    count(viewer);
  }

  /* Scrolls the box alone: the page stays where its reader is. */
  function show(line) {
    const box = line.parentNode;
    box.scrollTop = line.offsetTop - (box.clientHeight - line.offsetHeight) / 2;
  }

  /* The address says what is looked for, so that it can be copied, and so that a page fetched again looks alike. */
  function keepInAddress(viewer) {
    const query = new URLSearchParams(location.search);
    for (const field of findAll('input[type=search], select', viewer)) {
      if (field.value) query.set(field.name, field.value); else query.delete(field.name);
    }
    history.replaceState(history.state, '', `${location.pathname}${query.size ? `?${query}` : ''}${location.hash}`);
  }

  function wrap() {
    const on = !find('.viewer .log').classList.contains('soft');
    for (const log of findAll('.viewer .log')) log.classList.toggle('soft', on);
    for (const button of findAll('[data-wrap]')) button.setAttribute('aria-pressed', on);
    remember('wrap', on ? 'on' : 'off');
  }

  function start(viewer) {
    for (const control of findAll('[data-wrap], [data-copy-lines]', viewer)) control.hidden = false;
    find('[type=submit]', viewer).hidden = true;
    apply(viewer);
    const line = find('.log > mark', viewer) ?? matchesIn(viewer)[0];
    if (line && !find(':target', viewer)) show(line);
  }

  const within = (event, selector) => event.target.closest(selector) && event.target.closest('[data-viewer]');

  document.addEventListener('input', (event) => {
    const viewer = within(event, '.tools');
    if (!viewer) return;
    apply(viewer);
    if (matchesIn(viewer).length) step(viewer, 1);
  });
  document.addEventListener('change', (event) => { const viewer = within(event, '.tools'); if (viewer) keepInAddress(viewer); });
  document.addEventListener('submit', (event) => { if (within(event, '.tools')) event.preventDefault(); });
  document.addEventListener('keydown', (event) => {
    const viewer = within(event, '.tools input');
    if (!viewer || event.key !== 'Enter') return;
    event.preventDefault();
    keepInAddress(viewer);
    step(viewer, event.shiftKey ? -1 : 1);
  });
  document.addEventListener('click', (event) => {
    const viewer = within(event, 'button');
    const button = event.target.closest('button');
    if (viewer && button.dataset.step) step(viewer, Number(button.dataset.step));
    else if (viewer && 'wrap' in button.dataset) wrap();
    else if (viewer && 'copyLines' in button.dataset) copy(button, linesOf(viewer).map(textOf).join('\n'));
    else if (button?.dataset.newer) findAll('[data-viewer]').forEach(start); // It was exchanged for the newer one.
  });
  findAll('[data-viewer]').forEach(start);
})();
