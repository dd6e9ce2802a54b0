/* Times that stay true while the page lies open, by the server's clock and in the reader's zone. The server writes them
   in that zone once a cookie tells it; what it wrote before, on a browser's first page, is rewritten here. */
'use strict';

const readersZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let clockOffset = 0;

function setClock(now) { clockOffset = Date.parse(now) - Date.now(); }
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

/* Nothing to do where the server knew the zone: its words and these would only differ by accident. */
function localise() {
  if (root.dataset.zone === readersZone) return;
  const language = root.lang === 'en' ? 'en-GB' : root.lang; // Day before month, as the server writes it.
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const day = { day: 'numeric', month: 'short' };
  for (const time of findAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    const exactly = { ...minutes, ...day, second: '2-digit', year: 'numeric', timeZoneName: 'short' };
    time.title = at.toLocaleString(language, exactly);
    if (!('clock' in time.dataset || 'minute' in time.dataset)) continue;
    const seconds = 'clock' in time.dataset ? { ...minutes, second: '2-digit' } : minutes;
    const today = at.toDateString() === new Date(serverNow()).toDateString();
    time.textContent = at.toLocaleString(language, today ? seconds : { ...minutes, ...day });
  }
}

if (words.root && root.dataset.zone !== readersZone) remember('zone', readersZone);
if (words.now) {
  setClock(words.now);
  localise();
  setInterval(tick, 1000);
}
document.addEventListener('fresh', () => { localise(); tick(); });
