/* Draws charts where the page has a place for them. The server counts and says what stands where; this fills in what
   only the browser knows: colours of the theme, the reader's zone and language. A chart is drawn again when the page
   was, but for one that somebody points at. Plotly is fetched once a chart comes into view. */
'use strict';

(() => {
  const AGAIN = 30000; // Milliseconds between two drawings of the same chart, at least.
  const NARROW = 480, TICK_WIDTH = 72, ROW = 24;
  const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false };
  const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const STEPS = [
    ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
    ...[1, 2, 7, 14, 28, 91, 182, 364, 1820, 3640].map((n) => n * DAY),
  ];
  const language = root.lang === 'en' ? 'en-GB' : root.lang; // Day before month, as the server writes it.
  const figures = new WeakMap(); // By its place: the figure as it came, and when.

  /* ---- Times in the reader's zone ---- */
  const written = (how) => { const format = new Intl.DateTimeFormat(language, how); return (at) => format.format(at); };
  const time = written({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = written({ day: 'numeric', month: 'short' });
  const dayOfYear = written({ day: 'numeric', month: 'short', year: 'numeric' });

  function slotName(from, length) {
    const until = from + length;
    if (!length) return `${day(from)}, ${time(from)}`;
    if (length >= DAY) return `${day(from)} – ${day(until)}`;
    return `${day(from)}, ${time(from)} – ${time(until)}`;
  }

  function ticks([from, until], width) {
    const step = STEPS.find((length) => (until - from) / length <= Math.max(width / TICK_WIDTH, 2)) ?? STEPS.at(-1);
    const ahead = -new Date(from).getTimezoneOffset() * MINUTE;
    const values = [], texts = [];
    for (let at = Math.ceil((from + ahead) / step) * step - ahead; at < until; at += step) {
      const first = !values.length || day(at) !== day(values.at(-1));
      texts.push(step >= 91 * DAY ? dayOfYear(at) : step >= DAY ? day(at) : first ? `${time(at)}<br>${day(at)}` : time(at));
      values.push(at);
    }
    return { tickvals: values, ticktext: texts };
  }

  /* ---- Colours of the theme ---- */
  const probe = document.createElement('i');
  function colour(name) {
    if (!probe.isConnected) { probe.hidden = true; document.body.append(probe); }
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }
  const faint = (rgb) => rgb.replace('rgb(', 'rgba(').replace(')', ', .18)');

  /* ---- The figure as this browser shows it ---- */
  function dressed({ data, layout }, place) {
    const width = place.clientWidth;
    return { data: data.map((trace) => dressedTrace(trace, width)), layout: dressedLayout(layout, data, width, place) };
  }

  function dressedTrace(trace, width) {
    const strong = colour(trace.meta ?? 'c-1');
    if (trace.type === 'heatmap') return { ...trace, colorscale: [[0, faint(strong)], [1, strong]] };
    const marker = { ...trace.marker, color: strong };
    if (trace.type === 'bar') return { ...trace, marker };
    return { ...trace, marker, mode: width < NARROW ? 'markers' : trace.mode, textfont: { color: colour('ink') } };
  }

  function dressedLayout(layout, data, width, place) {
    const heat = data[0].type === 'heatmap';
    const touch = matchMedia('(pointer: coarse)').matches; // There a drag scrolls the page.
    const axis = { gridcolor: colour('line'), zerolinecolor: colour('edge'), fixedrange: true, tickfont: { color: colour('ink-2') } };
    const across = { ...axis, ...layout.xaxis, ...ticks(layout.xaxis.range, width), showgrid: false, zeroline: false };
    return {
      ...layout,
      width: find('.plot', place).clientWidth, height: height(data, width),
      margin: { l: 40, r: 12, t: 22, b: 40 },
      paper_bgcolor: 'transparent', plot_bgcolor: 'transparent', showlegend: false,
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour('ink-2') },
      hovermode: heat ? 'closest' : 'x',
      dragmode: 'zooms' in place.dataset && !touch ? 'zoom' : false,
      xaxis: { ...across, fixedrange: false },
      yaxis: { ...axis, ...layout.yaxis },
      shapes: (layout.shapes ?? []).map(dressedShape),
    };
  }

  function height([first], width) {
    if (first.type === 'heatmap') return first.y.length * ROW + 64;
    return first.type === 'scatter' ? 120 : width < NARROW ? 240 : 304;
  }

  function dressedShape(shape) {
    if (shape.type === 'rect') return { ...shape, fillcolor: colour('well'), line: { width: 0 } };
    return { ...shape, line: { color: colour('ink-2'), width: 1, dash: 'dot' } };
  }

  /* ---- Fetching and drawing ---- */
  const bundles = {};
  function bundle(place) {
    const { bundle: src, styles } = place.dataset;
    return bundles[src] ??= new Promise((resolve, reject) => {
      // With this it writes no rules of its own into the page, which our policy forbids.
      const sheet = { id: 'plotly.js-style-global', className: 'no-inline-styles', rel: 'stylesheet', href: styles };
      const script = { src, onload: resolve, onerror: () => { delete bundles[src]; reject(new Error(src)); } };
      if (!document.getElementById(sheet.id)) document.head.append(Object.assign(document.createElement('link'), sheet));
      document.head.append(Object.assign(document.createElement('script'), script));
    });
  }

  async function figure(place) {
    const response = await fetch(place.dataset.chart, { cache: 'no-cache' }); // What is unchanged comes as a 304.
    if (!response.ok) throw new Error(response.statusText);
    return response.json();
  }

  function show(place, what) {
    find('[data-loading]', place).hidden = what !== 'loading';
    find('[data-failed]', place).hidden = what !== 'failed';
  }

  async function load(place) {
    const known = figures.get(place);
    if (!known) show(place, 'loading');
    figures.set(place, { ...known, at: Date.now() });
    try {
      const [found] = await Promise.all([figure(place), bundle(place)]);
      figures.set(place, { found, at: Date.now() });
      await draw(place);
      show(place, 'nothing');
    } catch { // What was drawn before stays: its page says how old it is.
      if (!known?.found) { figures.delete(place); show(place, 'failed'); }
    }
  }

  async function draw(place) {
    const plot = find('.plot', place), first = !plot.on;
    const { data, layout } = dressed(figures.get(place).found, place);
    await Plotly.react(plot, data, layout, CONFIG);
    if (!first) return;
    plot.on('plotly_relayout', (event) => { if ('xaxis.range[0]' in event) zoom(event['xaxis.range[0]'], event['xaxis.range[1]']); });
    plot.on('plotly_hover', ({ points, event }) => { tell(place, points, layout.meta, event); mark(points[0].x, layout.meta); });
    plot.on('plotly_unhover', () => { find('.tip', place).hidden = true; mark(NaN, 0); });
  }

  /* ---- What lies under the pointer ---- */
  function tell(place, points, slot, event) {
    const tip = find('.tip', place), { left, width } = place.getBoundingClientRect();
    points.sort((one, other) => one.curveNumber - other.curveNumber);
    const bar = points.find((point) => point.data.type !== 'scatter');
    const name = document.createElement('b');
    name.textContent = bar ? slotName(bar.x - slot / 2, slot) : slotName(points[0].x, 0);
    tip.replaceChildren(name, ...points.map(told));
    tip.hidden = bar?.z === null;
    const at = (event.clientX ?? event.touches?.[0].clientX ?? left) - left;
    tip.style.translate = at > width / 2 ? `calc(${at - 16}px - 100%)` : `${at + 16}px`;
  }

  function told({ data, y, z, pointNumber }) {
    const line = document.createElement('span');
    line.textContent = z ? `${y}: ${z} ${data.name}` : data.hovertext?.[pointNumber] ?? `${Math.abs(y)} ${data.name}`;
    return line;
  }

  /* ---- Zooming is going to another address; what lies under the pointer is marked in the list ---- */
  function zoom(from, until) {
    const address = new URL(location.href);
    for (const name of ['span', 'before']) address.searchParams.delete(name);
    address.searchParams.set('since', stamp(Math.floor(from / MINUTE)));
    address.searchParams.set('until', stamp(Math.ceil(until / MINUTE)));
    location.assign(address);
  }
  const stamp = (minutes) => new Date(minutes * MINUTE).toISOString().replace('.000', '');

  function mark(at, slot) {
    for (const row of findAll('#happened tbody tr')) {
      row.classList.toggle('is-hit', Math.abs(Date.parse(find('time', row).dateTime) - at) <= slot / 2);
    }
  }

  /* ---- When ---- */
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting && !figures.has(target)) load(target);
  }, { rootMargin: '200px' });
  const places = () => findAll('[data-chart]');

  function refresh() {
    for (const place of places()) {
      const known = figures.get(place);
      if (!known) seen.observe(place);
      else if (Date.now() - known.at >= AGAIN && !place.matches(':hover')) load(place);
    }
  }

  function redraw() { for (const place of places()) if (figures.get(place)?.found) draw(place); }

  let resized; // Plotly's own way would take the height from the page, and that has none to give.
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(redraw, 100); });
  document.addEventListener('fresh', refresh);
  document.addEventListener('click', (event) => { const again = event.target.closest('[data-again]'); if (again) load(again.closest('[data-chart]')); });
  new MutationObserver(redraw).observe(root, { attributeFilter: ['data-theme'] });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  refresh();
})();
