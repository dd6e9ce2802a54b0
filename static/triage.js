/* The menus of a row and choosing all rows: what the server cannot do without writing each menu fifty times; and next
   steps, which open in their place, so that nobody loses theirs. Without scripts each is a link to a page that has it. */
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

  /* ---- Next steps: as the page at the link's address has them, so that whoever copies the address copies the view ---- */
  async function peek(url) {
    const response = await fetch(url).catch(() => null);
    if (!response?.ok || response.redirected) { location.assign(url); return; }
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    history.replaceState(null, '', url);
    for (const old of findAll('#rows > .peek')) old.remove();
    for (const row of findAll('#rows > tr')) showWhetherOpen(row, fresh.getElementById(row.id));
    const shown = find('#rows > .peek', fresh);
    if (shown) document.getElementById(shown.id.replace('peek-', 'd-'))?.after(shown);
    find('#acts')?.setAttribute('action', find('#acts', fresh).getAttribute('action'));
  }

  function showWhetherOpen(row, now) {
    row.classList.toggle('is-open', now?.classList.contains('is-open') ?? false);
    const link = find('.peeks', row), newer = now && find('.peeks', now);
    for (const name of newer ? ['href', 'aria-expanded'] : []) link.setAttribute(name, newer.getAttribute(name));
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
    const step = event.target.closest('#rows .peeks');
    if (step && !event.ctrlKey && !event.metaKey) { event.preventDefault(); peek(step.href); return; }
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
