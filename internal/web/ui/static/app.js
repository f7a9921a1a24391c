// Keys, chosen rows, dialogs, and what happens when the line is cut. All else is
// HTML from the server: a page works without this file, it is only less quick.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const typing = element => element.matches?.('input:not([type=checkbox], [type=radio]), textarea, select');

// Dialogs: a button names one; one that came back with faults is opened again.
const openDialogs = () => $$('dialog[data-open]').forEach(d => { d.removeAttribute('data-open'); d.showModal(); });
document.addEventListener('click', event => {
	const opener = event.target.closest('[data-dialog]');
	if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal(); }
	if (event.target.closest('[data-close]')) { event.preventDefault(); event.target.closest('dialog')?.close(); }
	if (event.target.matches('dialog')) event.target.close();
	$$('details.menu[open]').forEach(menu => menu.contains(event.target) || (menu.open = false));
	if (event.target.closest('[data-dismiss]')) event.target.closest('.toast')?.remove();
	if (event.target.closest('.shade')) $('.burger').checked = false;
});

// Rows that are chosen: a range with Shift, all of them with the box on top.
let last = null;
const boxes = () => $$('.grid tbody input[name=id]');
const count = () => $$('[data-count]').forEach(c => c.textContent = boxes().filter(b => b.checked).length);
document.addEventListener('click', event => {
	const box = event.target.closest('.grid tbody input[name=id]');
	if (!box) return;
	if (event.shiftKey && last?.isConnected) {
		const all = boxes(), [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
		all.slice(from, to + 1).forEach(b => b.checked = box.checked);
	}
	last = box;
	count();
});
document.addEventListener('change', event => {
	if (event.target.matches('[data-all]')) { boxes().forEach(b => b.checked = event.target.checked); count(); }
	if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

// Keys: data-key on a link, button or field. j, k, x and Enter walk through a table.
let lead = '';
document.addEventListener('keydown', event => {
	if (event.key === 'Escape') { if (typing(event.target)) event.target.blur(); $$('details.menu[open]').forEach(m => m.open = false); return; }
	if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); $('#scan')?.select(); return; }
	if (typing(event.target) || event.metaKey || event.ctrlKey || event.altKey || $('dialog[open]')) return;
	const key = lead + event.key;
	lead = lead === '' && event.key === 'g' ? 'g ' : '';
	const it = $(`[data-key="${CSS.escape(key)}"]`);
	if (it) { event.preventDefault(); typing(it) ? it.select?.() ?? it.focus() : it.click(); return; }
	const rows = $$('.grid[data-walk] tbody tr'), at = rows.indexOf(document.activeElement.closest?.('tr'));
	const go = to => { event.preventDefault(); rows[Math.max(0, Math.min(to, rows.length - 1))]?.focus(); };
	if (event.key === 'j' || event.key === 'ArrowDown' && at >= 0) go(at + 1);
	else if (event.key === 'k' || event.key === 'ArrowUp' && at >= 0) go(at - 1);
	else if (at >= 0 && event.key === 'x') $('input[name=id]', rows[at])?.click();
	else if (at >= 0 && event.key === 'Enter' && event.target.matches('tr')) $('a', rows[at])?.click();
});

// A cut line is told, and nothing that was typed is lost: forms are sent by
// htmx, which leaves the page as it is when no answer comes.
const offline = text => { const bar = $('.offline'); bar.textContent = text; bar.hidden = !text; };
addEventListener('offline', () => offline('No connection. What you typed is still here; send it when the line is back.'));
addEventListener('online', () => offline(''));
document.addEventListener('htmx:error', () => offline('Purser did not answer. Nothing is lost: what you typed is still here. Try again.'));
document.addEventListener('htmx:before:request', event => { offline(''); event.target.closest?.('form')?.classList.add('busy-form'); });
document.addEventListener('htmx:finally:request', event => event.target.closest?.('form')?.classList.remove('busy-form'));
document.addEventListener('htmx:before:swap', event => {
	const { ctx } = event.detail;
	if (ctx?.response?.raw.redirected) ctx.sourceElement.reset?.(); // it was done: what was typed is not kept
	$$('dialog[open]').forEach(d => d.close());
});
document.addEventListener('htmx:after:swap', () => { openDialogs(); count(); });

openDialogs();
document.documentElement.dataset.ready = '';
