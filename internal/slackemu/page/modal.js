// Modals of the app, and confirm dialogs.

import { h, icon } from './dom.js';
import { renderBlocks } from './blocks.js';
import { mrkdwn } from './mrkdwn.js';
import { emojify } from './emoji.js';
import { post } from './server.js';

const cross = 'M5 5l10 10M15 5L5 15';
const dialog = document.getElementById('modal');
const entered = new Map(); // view id → Map of what was entered, by "block/action"
let shown = null;
let as = '';

/** restoring keeps focus and cursor in place while fields are drawn again. */
function restoring(root, draw) {
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const field = active?.dataset.field;
  const [start, end] = field && 'selectionStart' in active ? [active.selectionStart, active.selectionEnd] : [null, null];
  const top = root.querySelector('.modal-body')?.scrollTop;
  draw();
  const body = root.querySelector('.modal-body');
  if (body && top) body.scrollTop = top;
  if (!field) return;
  const again = root.querySelector(`[data-field="${CSS.escape(field)}"]`);
  again?.focus();
  if (start !== null && again?.setSelectionRange) again.setSelectionRange(start, end);
}

function valuesOf(id) {
  if (!entered.has(id)) entered.set(id, new Map());
  return entered.get(id);
}

async function submit(view, button) {
  button.setAttribute('aria-busy', 'true');
  const answer = await post('submit', { as, view: view.id, values: Object.fromEntries(valuesOf(view.id)) });
  button.removeAttribute('aria-busy');
  if (answer.ok) return;
  if (!answer.inputs && !answer.timeout) dialog.querySelector('.modal-trouble')?.replaceChildren(answer.error);
  requestAnimationFrame(() => dialog.querySelector('[aria-invalid]')?.focus());
}

const close = (view) => post('close', { as, view: view.id });

function draw(view, env) {
  const values = valuesOf(view.id);
  const errors = view.errors || {};
  const ctx = { names: env.names, values, errors, act: (el, block, value, node) => env.use({ as, view: view.id }, el, block, value, node, values) };
  const go = view.submit && h('button', { class: 'button primary', type: 'submit' }, emojify(view.submit));
  dialog.replaceChildren(h('form', { method: 'dialog', onsubmit: (e) => { e.preventDefault(); submit(view, go || dialog); } },
    h('header', { class: 'modal-head' }, h('span', { class: 'avatar avatar-app small', 'aria-hidden': 'true' }), h('h2', { id: 'modal-title' }, emojify(view.title)),
      h('button', { class: 'plain', type: 'button', 'aria-label': 'Close', onclick: () => close(view) }, icon(cross))),
    h('div', { class: 'modal-body', tabIndex: -1 }, h('p', { class: 'modal-trouble', role: 'alert' }, errors[''] || ''), renderBlocks(view.blocks, ctx)),
    h('footer', { class: 'modal-foot' }, h('button', { class: 'button', type: 'button', onclick: () => close(view) }, emojify(view.close || (view.stacked ? 'Back' : 'Cancel'))), go)));
}

/** showModal makes the dialog be what the person shall see: a view, or nothing. */
export function showModal(view, person, env) {
  as = person;
  const key = view && `${view.id}/${view.rev}`;
  if (key === shown) return;
  const same = view && shown?.startsWith(view.id + '/');
  shown = key;
  if (!view) {
    dialog.close();
    dialog.replaceChildren();
    return;
  }
  restoring(dialog, () => draw(view, env));
  if (!dialog.open) dialog.showModal();
  if (!same) (dialog.querySelector('.modal-body :is(input, textarea, select)') || dialog.querySelector('.modal-foot button'))?.focus();
  dialog.oncancel = (e) => { e.preventDefault(); close(view); };
}

/** confirmed asks a confirm object's question. */
export function confirmed(c) {
  const box = document.getElementById('confirm');
  return new Promise((resolve) => {
    const yes = h('button', { class: `button ${c.style === 'danger' ? 'danger' : 'primary'}`, value: 'yes' }, emojify(c.confirm?.text || 'Yes'));
    box.replaceChildren(h('form', { method: 'dialog' },
      h('header', { class: 'modal-head' }, h('h2', { id: 'confirm-title' }, emojify(c.title.text)), h('button', { class: 'plain', value: 'no', 'aria-label': 'Close' }, icon(cross))),
      h('div', { class: 'modal-body' }, c.text.type === 'mrkdwn' ? mrkdwn(c.text.text, {}) : emojify(c.text.text)),
      h('footer', { class: 'modal-foot' }, h('button', { class: 'button', value: 'no' }, emojify(c.deny?.text || 'Cancel')), yes)));
    box.onclose = () => resolve(box.returnValue === 'yes');
    box.returnValue = '';
    box.showModal();
    yes.focus();
  });
}
