/* Keeps the page true while it lies open. The socket only says that something changed; the page is then fetched
   again and morphed in place. What was missed is healed by sequence number; without a socket the page asks. */
'use strict';

(() => {
  const AGAIN = 700, AGAIN_HIDDEN = 15000; // Milliseconds between two fetches of the page, at least.
  const SOON = 1500; // While something is under way that ends within seconds.
  const FRESH_FOR = 30000; // Without any news the page is fetched again: its clusters' ages are news too.
  const POLL = 5000, POLL_IDLE = 60000, IDLE_AFTER = 120000;
  const PING_EVERY = 25000, PONG_WITHIN = 10000, LONGEST_RETRY = 30000, LOST_AFTER = 60000, LATE_AFTER = 60000, SAID_EVERY = 30000;
  const HOLD = 60000; // A pointer that rests in the list holds it for so long.
  const REFUSED = [4401, 4429];
  const POLL_FROM_ATTEMPT = 3;

  const button = find('#live'), lost = find('#lost');
  const watch = find('main').dataset.watch;
  const state = {
    seq: Number(words.seq), connection: 'reconnecting', paused: false, dirty: false, fetching: false, attempts: 0,
    fetchedAt: Date.now(), took: 0, lostAt: 0, activeAt: Date.now(), pointerAt: 0, saidAt: 0, said: '', waiting: null,
  };
  let socket, retryTimer, pollTimer, fetchTimer;

  /* ---- What is shown about the connection ---- */
  function show() {
    const away = state.lostAt && Date.now() - state.lostAt > LOST_AFTER;
    const shown = state.paused ? 'paused' : state.connection;
    button.hidden = false;
    find('b', button).textContent = words[`word${shown[0].toUpperCase()}${shown.slice(1)}`];
    const read = find('time', button), old = read && serverNow() - Date.parse(read.dateTime) > LATE_AFTER;
    const mark = state.paused ? 'paused' : away ? 'dead' : old || state.connection !== 'live' ? 'late' : '';
    button.className = `live ${mark}`;
    const action = find('span[data-on]', button);
    action.textContent = state.paused ? action.dataset.off : action.dataset.on;
    lost.hidden = !away;
  }

  function setConnection(connection) {
    state.connection = connection;
    if (connection === 'reconnecting') state.lostAt ||= Date.now(); else state.lostAt = 0;
    show();
  }

  /* ---- The socket ---- */
  function connect() {
    clearTimeout(retryTimer);
    const mine = socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${words.root}ws/live`);
    let ping, pong;
    socket.onopen = () => {
      state.attempts = 0;
      setConnection('live');
      heal();
      ping = setInterval(() => { mine.send('ping'); pong ??= setTimeout(() => mine.close(), PONG_WITHIN); }, PING_EVERY);
    };
    socket.onmessage = (event) => {
      clearTimeout(pong); pong = undefined;
      hear(JSON.parse(event.data));
    };
    socket.onclose = (event) => { clearInterval(ping); clearTimeout(pong); closed(event.code); };
  }

  function closed(code) {
    if (state.connection === 'live') setConnection('reconnecting');
    if (REFUSED.includes(code)) { poll(); return; }
    if (state.attempts === POLL_FROM_ATTEMPT) poll();
    const longest = Math.min(500 * 2 ** state.attempts++, LONGEST_RETRY);
    retryTimer = setTimeout(connect, longest * (0.5 + Math.random() / 2));
  }

  function hear(signal) {
    if (signal.topic === 'pong') return;
    if (signal.prev > state.seq) heal();
    take(signal);
  }

  function take(signal) {
    state.seq = Math.max(state.seq, signal.seq ?? 0);
    const mine = watch === 'all' || signal.topic === 'cluster' || !signal.ids || signal.ids.includes(watch);
    if (mine) refresh();
  }

  /* ---- What was missed ---- */
  async function heal() {
    try {
      const response = await fetch(`${words.root}live/changes?since=${state.seq}`, { cache: 'no-store' });
      if (response.status === 401) { location.reload(); return false; }
      if (!response.ok) return false;
      const { seq, changes } = await response.json();
      changes.forEach(take);
      state.seq = Math.max(state.seq, seq);
      return true;
    } catch { return false; } // The network is away: the socket or the next poll tries again.
  }

  async function poll() {
    clearTimeout(pollTimer);
    if (state.connection === 'live') return;
    if (!document.hidden) {
      const heard = await heal();
      if (state.connection === 'live') return;
      setConnection(heard ? 'polling' : 'reconnecting');
    }
    const idle = Date.now() - state.activeAt > IDLE_AFTER;
    pollTimer = setTimeout(poll, idle ? POLL_IDLE : POLL);
  }

  /* ---- Fetching the page again ---- */
  function refresh() {
    state.dirty = true;
    if (state.paused || state.fetching) return;
    const gap = document.hidden ? AGAIN_HIDDEN : Math.max(AGAIN, 4 * state.took, Number(find('main').dataset.gap ?? 0)); // The page says when it is a storm.
    clearTimeout(fetchTimer);
    fetchTimer = setTimeout(fetchPage, Math.max(state.fetchedAt + gap - Date.now(), 0));
  }

  async function fetchPage() {
    state.fetching = true;
    state.dirty = false;
    const started = Date.now(), busy = setTimeout(() => document.body.append(line), 400);
    try {
      const response = await fetch(location.href.split('#')[0], { redirect: 'manual', cache: 'no-store' });
      if (response.type === 'opaqueredirect' || response.status === 404) { location.reload(); return; }
      if (!response.ok) throw new Error(response.statusText);
      apply(new DOMParser().parseFromString(await response.text(), 'text/html'));
    } catch { // The old page stays, with its age; whatever brings the connection back asks again.
      state.dirty = true;
      state.lostAt ||= Date.now();
      setTimeout(refresh, POLL);
    }
    clearTimeout(busy);
    line.remove();
    Object.assign(state, { fetching: false, fetchedAt: Date.now(), took: Date.now() - started });
    show();
    if (state.dirty) refresh();
  }
  const line = Object.assign(document.createElement('div'), { className: 'busy' });

  /* A newer Sickbay has other scripts and styles, which the old ones do not fit: the page begins anew, but for
     somebody who is writing. */
  const assets = (page) => findAll('script[src], link[rel=stylesheet]', page).map((each) => each.getAttribute('src') ?? each.getAttribute('href')).join();
  const begunWith = assets(document); // Before other scripts add what they need.
  const writing = () => findAll('textarea, input:not([type=hidden], [type=checkbox], [type=radio])').some((field) => field.value !== field.defaultValue);

  function apply(fresh) {
    if (assets(fresh) !== begunWith && !writing()) { location.reload(); return; }
    if (state.connection !== 'reconnecting') state.lostAt = 0;
    setClock(fresh.body.dataset.now);
    root.dataset.zone = fresh.documentElement.dataset.zone;
    state.seq = Math.max(state.seq, Number(fresh.body.dataset.seq));
    document.title = fresh.title;
    for (const selector of ['#rail-open', '#rail-foot', '#live time', '#lost time']) {
      const old = find(selector), now = find(selector, fresh);
      if (old && now) morph(old, now);
    }
    find('#lost time').dateTime = fresh.body.dataset.now;
    applyMain(fresh, held());
    document.dispatchEvent(new Event('fresh'));
    say();
  }

  /* ---- The list: nothing jumps while somebody reads it ---- */
  function held() {
    const list = find('#list');
    if (!list || !find('#rows')) return false;
    const pointed = matchMedia('(hover: hover)').matches && list.matches(':hover') && Date.now() - state.pointerAt < HOLD;
    return pointed || find('#rows').contains(document.activeElement);
  }

  function applyMain(fresh, hold) {
    state.waiting = hold ? fresh.cloneNode(true) : null;
    const known = new Set(findAll('#rows > tr').map((row) => row.id));
    const news = findAll('#rows > tr:not(.peek, .group)', fresh).map((row) => row.id).filter((id) => !known.has(id));
    if (hold && !find('#rows', fresh)) return; // The whole list gave way: that can wait.
    if (hold) keepOrder(find('#rows'), find('#rows', fresh));
    morph(find('main'), find('main', fresh));
    if (!hold && known.size) news.forEach((id) => document.getElementById(id).classList.add('arrived'));
    showPill(hold ? news.length : 0);
  }

  /* Rows that went stay, marked; new ones wait; the others are in their old places, opened or not as they were. */
  function keepOrder(old, fresh) {
    const rows = [...old.children].map((row) => {
      const now = fresh.querySelector(`#${CSS.escape(row.id)}`);
      if (now) { now.classList.toggle('is-open', row.classList.contains('is-open')); return now; }
      const left = row.cloneNode(true);
      if (!left.matches('.peek')) left.classList.add('left');
      return left;
    });
    fresh.replaceChildren(...rows);
  }

  function showPill(waiting) {
    const pill = find('#pill');
    if (!pill) return;
    pill.hidden = !waiting;
    find('span', pill).textContent = words.wordNew.replace('{}', waiting);
  }

  function letGo(focusFirst) {
    if (!state.waiting) return;
    const fresh = state.waiting, known = new Set(findAll('#rows > tr').map((row) => row.id));
    applyMain(fresh, false);
    document.dispatchEvent(new Event('fresh'));
    if (focusFirst) findAll('#rows > tr:not(.peek)').find((row) => !known.has(row.id))?.querySelector('th > a').focus();
  }

  function say() {
    const text = find('#headline')?.textContent.trim() ?? '';
    if (text === state.said || Date.now() - state.saidAt < SAID_EVERY) return;
    if (state.said) find('#said').textContent = text;
    Object.assign(state, { said: text, saidAt: Date.now() });
  }

  /* ---- Start ---- */
  button.addEventListener('click', () => {
    state.paused = !state.paused;
    show();
    if (!state.paused) refresh();
  });
  document.addEventListener('click', (event) => { if (event.target.closest('#pill')) letGo(true); });
  for (const name of ['pointermove', 'keydown', 'pointerdown']) {
    document.addEventListener(name, () => { state.activeAt = Date.now(); }, { passive: true });
  }
  find('main').addEventListener('pointermove', (event) => { if (event.target.closest('#list')) state.pointerAt = Date.now(); });
  setInterval(() => {
    if (state.waiting && !held()) letGo(false);
    const fresh = find('main [data-soon]') ? SOON : FRESH_FOR;
    if (Date.now() - state.fetchedAt > fresh && !document.hidden) refresh();
    show();
  }, 1000);
  document.addEventListener('visibilitychange', () => { if (!document.hidden && state.dirty) refresh(); });
  addEventListener('online', () => { if (socket.readyState === WebSocket.CLOSED) connect(); });
  addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
  say();
  show();
  connect();
})();
