/* Keeps the wallboard true without a hand on it: the page is fetched every 15 s, its clock and its ages tick, what does
   not fit on the screen is counted instead, and in red it says for how long nothing came. Times are times.js's. */
'use strict';

(() => {
  const EVERY = 15000, LATE_AFTER = 30000, PATIENCE = 10000; // Milliseconds.
  const late = find('#late');
  let heardAt = Date.now();

  async function refetch() {
    try {
      const asked = { cache: 'no-store', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) };
      const response = await fetch(location.href, asked);
      find('a', late).hidden = response.type !== 'opaqueredirect'; // It leads to the sign-in.
      if (response.ok) take(new DOMParser().parseFromString(await response.text(), 'text/html'));
    } catch { /* The board stays as it was, and says so once it is late. */ }
    show();
  }

  function take(fresh) {
    if (fresh.body.dataset.version !== words.version) location.reload(); // Its scripts are those of an older release.
    heardAt = Date.now();
    setClock(fresh.body.dataset.now);
    document.body.className = fresh.body.className;
    for (const selector of ['#headline', '#updated', '#main', '#foot']) morph(find(selector), find(selector, fresh));
    document.dispatchEvent(new Event('fresh'));
    fit();
  }

  /* On a screen that does not scroll only whole rows are shown; the last of them knows what it leaves out. */
  function fit() {
    const list = find('#berths');
    if (!list) return;
    const rows = [...list.children], scrolls = getComputedStyle(document.body).overflowY !== 'hidden';
    for (const row of rows) row.hidden = false;
    const floor = find('#worst').getBoundingClientRect().bottom + 1;
    const out = scrolls ? [] : rows.filter((row) => row.getBoundingClientRect().bottom > floor);
    for (const row of out) row.hidden = true;
    find('#behind').textContent = (rows.filter((row) => !row.hidden).at(-1) ?? list).dataset.behind;
  }

  /* The clock is this screen's, by the server's time; the page was late for longer than it could be asked for. */
  function show() {
    find('#clock').textContent = new Date(serverNow()).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    const age = Date.now() - heardAt;
    late.hidden = age < LATE_AFTER;
    document.body.classList.toggle('late', !late.hidden);
    find('b', late).textContent = late.dataset.text.replace('{}', lengthOf(age));
  }

  fit();
  show();
  addEventListener('resize', fit);
  setInterval(show, 1000);
  setInterval(refetch, EVERY);
})();
