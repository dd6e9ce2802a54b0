/* What a sheet of paper cannot do: unfold what is folded (style sheets alone do it in newer browsers only), and say when
   it was printed. */
'use strict';

let unfolded = [];

function beforePrinting() {
  unfolded = findAll('main details:not(.menu, [open])');
  for (const part of unfolded) part.open = true;
  const time = find('#printed');
  const now = new Date(serverNow());
  const when = now.toLocaleString(root.lang === 'en' ? 'en-GB' : root.lang, { dateStyle: 'medium', timeStyle: 'long' });
  time.dateTime = now.toISOString();
  time.textContent = time.dataset.word.replace('{}', when);
}

function afterPrinting() {
  for (const part of unfolded) part.open = false;
}

addEventListener('beforeprint', beforePrinting);
addEventListener('afterprint', afterPrinting);
