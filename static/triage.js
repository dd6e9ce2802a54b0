/* The menus of a row, and choosing all rows: what the server cannot do without writing each menu fifty times. Without
   scripts a row's snooze and more lead to its diagnosis, which has all of it. */
'use strict';

(() => {
  let pick = '';

  function openFor(link) {
    const row = link.closest('tr'), menu = find(`#menu-${link.dataset.menu}`);
    pick = find('[name=pick]', row).value;
    menu.showPopover();
    const at = link.getBoundingClientRect(), size = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(Math.min(at.right - size.width, innerWidth - size.width - 8), 8)}px`;
    menu.style.top = `${at.bottom + size.height + 8 < innerHeight ? at.bottom + 4 : Math.max(at.top - size.height - 4, 8)}px`;
    find('button', menu).focus();
  }

  function doTo(value) {
    const one = find('#do-one');
    one.disabled = false;
    one.value = `${value} @ ${pick}`;
    one.form.requestSubmit(one);
  }

  /* ---- Choosing: all of the page by one box, and how many are chosen ---- */
  const boxes = () => findAll('#rows [name=pick]');

  function count() {
    const all = find('#all'), chosen = boxes().filter((box) => box.checked).length;
    find('#chosen').textContent = chosen ? `(${chosen})` : '';
    if (!all) return;
    all.hidden = !boxes().length;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('#rows [data-menu]');
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); openFor(link); return; }
    const button = event.target.closest('.menu-for-row button');
    if (button) doTo(button.value);
  });
  document.addEventListener('change', (event) => {
    if (event.target.id === 'all') for (const box of boxes()) box.checked = event.target.checked;
    if (find('#chosen')) count();
  });
  document.addEventListener('fresh', () => { if (find('#chosen')) count(); });
  if (find('#chosen')) count();
})();
