// Block Kit, as nodes. One function for each kind of block and of element.

import { h, icon } from './dom.js';
import { emojify } from './emoji.js';
import { mrkdwn, inline, link, mention } from './mrkdwn.js';
import { markdown } from './markdown.js';
import { slackDate } from './time.js';

/*
 * A context says for whom blocks are drawn:
 *   names    people, the app and channels by id
 *   values   a Map of what was entered, by "block/action"
 *   errors   what is wrong with inputs, by block_id
 *   act      (element, block, value, node) => void: a button was pressed, an option chosen
 */

const text = (t, ctx) => (!t ? [] : t.type === 'mrkdwn' ? mrkdwn(t.text, ctx.names) : [emojify(t.text)]);
const phrase = (t, ctx) => (t.type === 'mrkdwn' ? inline(t.text.replace(/\n/g, ' '), ctx.names) : [emojify(t.text)]);
const keyOf = (block, el) => `${block.block_id}/${el.action_id}`;

function image(el, cls) {
  return h('img', { class: cls, src: el.slack_file ? `files/${encodeURIComponent(el.slack_file.id)}/picture` : el.image_url || '', alt: el.alt_text, loading: 'lazy' });
}

function button(el, block, ctx) {
  const label = emojify(el.text.text);
  const props = { class: `button ${el.style || ''}`, type: 'button', 'data-action': el.action_id, 'aria-label': el.accessibility_label };
  if (el.url && /^https?:/i.test(el.url)) {
    return h('a', { ...props, href: el.url, target: '_blank', rel: 'noopener noreferrer', onclick: (e) => ctx.act(el, block, '', e.currentTarget) }, label);
  }
  return h('button', { ...props, onclick: (e) => ctx.act(el, block, '', e.currentTarget) }, label);
}

function overflow(el, block, ctx) {
  const menu = h('div', { class: 'menu', role: 'menu', hidden: true }, el.options.map((o) => h('button', {
    type: 'button', role: 'menuitem', onclick: () => { close(); ctx.act(el, block, o.value, opener); },
  }, emojify(o.text.text))));
  const opener = h('button', { class: 'button more', type: 'button', 'aria-label': 'More actions', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-action': el.action_id,
    onclick: () => { menu.hidden = !menu.hidden; opener.setAttribute('aria-expanded', String(!menu.hidden)); if (!menu.hidden) menu.firstElementChild.focus(); } },
  icon('M4 10h.01M10 10h.01M16 10h.01'));
  const close = () => { menu.hidden = true; opener.setAttribute('aria-expanded', 'false'); };
  return h('span', { class: 'overflow', onkeydown: (e) => { if (e.key === 'Escape') { e.stopPropagation(); close(); opener.focus(); } },
    onfocusout: (e) => { if (!e.currentTarget.contains(e.relatedTarget)) close(); } }, opener, menu);
}

function staticSelect(el, block, ctx, quiet) {
  const key = keyOf(block, el);
  const chosen = ctx.values.get(key) ?? el.initial_option?.value ?? '';
  const option = (o) => h('option', { value: o.value, selected: o.value === chosen }, emojify(o.text.text));
  const choices = el.option_groups ? el.option_groups.map((g) => h('optgroup', { label: g.label.text }, g.options.map(option))) : el.options.map(option);
  return h('select', { class: 'select', 'data-action': el.action_id, 'data-field': key, 'aria-label': el.placeholder?.text || 'Choose',
    onchange: (e) => { ctx.values.set(key, e.target.value); if (!quiet && e.target.value) ctx.act(el, block, e.target.value, e.target); } },
  h('option', { value: '', selected: !chosen }, el.placeholder?.text || 'Select an item'), choices);
}

function choices(el, block, ctx, quiet) {
  const many = el.type === 'checkboxes';
  const key = keyOf(block, el);
  const initial = many ? (el.initial_options || []).map((o) => o.value) : [el.initial_option?.value];
  const chosen = new Set(ctx.values.has(key) ? ctx.values.get(key).split(',') : initial);
  const changed = (o, e) => {
    if (!many) chosen.clear();
    if (e.target.checked) chosen.add(o.value); else chosen.delete(o.value);
    const value = el.options.map((x) => x.value).filter((v) => chosen.has(v)).join(',');
    ctx.values.set(key, value);
    if (!quiet) ctx.act(el, block, value, e.target);
  };
  return h('div', { class: 'choices', role: many ? 'group' : 'radiogroup' }, el.options.map((o, i) => h('label', {},
    h('input', { type: many ? 'checkbox' : 'radio', name: key, checked: chosen.has(o.value), 'data-field': `${key}/${i}`, onchange: (e) => changed(o, e) }),
    h('span', {}, phrase(o.text, ctx), o.description && h('small', {}, phrase(o.description, ctx))))));
}

function plainInput(el, block, ctx) {
  const key = keyOf(block, el);
  const value = ctx.values.get(key) ?? el.initial_value ?? '';
  return h(el.multiline ? 'textarea' : 'input', {
    class: 'input', id: `field-${key}`, 'data-field': key, 'data-action': el.action_id, value, placeholder: el.placeholder?.text || '', maxLength: el.max_length || 3000,
    rows: el.multiline ? Math.min(12, Math.max(4, value.split('\n').length + Math.floor(value.length / 70))) : undefined,
    'aria-invalid': ctx.errors[block.block_id] ? 'true' : undefined, oninput: (e) => ctx.values.set(key, e.target.value),
  });
}

const elements = {
  button, overflow, static_select: staticSelect, radio_buttons: choices, checkboxes: choices, plain_text_input: plainInput,
  image: (el) => image(el, 'thumb'),
};

const element = (el, block, ctx, quiet) => elements[el.type]?.(el, block, ctx, quiet);

function richInline(e, ctx) {
  const style = e.style || {};
  let node;
  switch (e.type) {
    case 'text': node = document.createTextNode(e.text); break;
    case 'link': node = link(e.url, e.text); break;
    case 'emoji': node = document.createTextNode(emojify(`:${e.name}:`)); break;
    case 'user': node = mention(e.user_id, ctx.names); break;
    case 'channel': node = mention(e.channel_id, ctx.names, '#'); break;
    case 'broadcast': node = h('span', { class: 'mention' }, '@' + e.range); break;
    case 'date': node = document.createTextNode(slackDate(e.timestamp, e.format) ?? e.fallback ?? ''); break;
    default: node = document.createTextNode(e.text || e.value || '');
  }
  for (const [on, tag] of [['code', 'code'], ['strike', 's'], ['italic', 'i'], ['bold', 'b']]) if (style[on]) node = h(tag, {}, node);
  return node;
}

function rich(block, ctx) {
  return (block.elements || []).map((e) => {
    const inside = () => (e.elements || []).map((x) => richInline(x, ctx));
    switch (e.type) {
      case 'rich_text_list': return h(e.style === 'ordered' ? 'ol' : 'ul', { class: e.indent ? 'deep' : undefined }, e.elements.map((x) => h('li', {}, x.elements.map((y) => richInline(y, ctx)))));
      case 'rich_text_preformatted': return h('pre', { tabIndex: 0 }, inside());
      case 'rich_text_quote': return h('blockquote', { class: 'flow' }, inside());
      default: return h('div', { class: 'flow' }, inside());
    }
  });
}

function table(block, ctx) {
  const cell = (c) => (!c ? [] : c.type === 'rich_text' ? rich(c, ctx) : [String(c.text ?? c.value ?? '')]);
  const align = (i) => ({ center: 'centre', right: 'right' })[block.column_settings?.[i]?.align];
  return h('div', { class: 'table', tabIndex: 0 }, h('table', {}, block.rows.map((row, r) => h('tr', {},
    row.map((c, i) => h(r ? 'td' : 'th', { class: [align(i), block.column_settings?.[i]?.is_wrapped && 'wrap'].filter(Boolean).join(' ') || undefined }, cell(c)))))));
}

function input(block, ctx) {
  const error = ctx.errors[block.block_id];
  const grouped = block.element.type === 'checkboxes' || block.element.type === 'radio_buttons';
  const words = [emojify(block.label.text), block.optional && h('span', { class: 'optional' }, ' (optional)')];
  const control = element(block.element, block, ctx, true);
  if (grouped) control.setAttribute('aria-label', block.label.text);
  else { control.id = `field-${keyOf(block, block.element)}`; control.removeAttribute('aria-label'); }
  return h('div', { class: error ? 'field wrong' : 'field' },
    grouped ? h('div', { class: 'label' }, words) : h('label', { class: 'label', for: control.id }, words), control,
    error && h('p', { class: 'error', role: 'alert' }, error), block.hint && h('p', { class: 'hint' }, emojify(block.hint.text)));
}

const blocks = {
  header: (b) => h('h3', { class: 'b-header' }, emojify(b.text.text)),
  divider: () => h('hr'),
  section: (b, ctx) => h('div', { class: 'b-section' }, h('div', { class: 'b-words' }, text(b.text, ctx),
    b.fields && h('div', { class: 'fields' }, b.fields.map((f) => h('div', {}, text(f, ctx))))),
  b.accessory && h('div', { class: 'accessory' }, element(b.accessory, b, ctx))),
  context: (b, ctx) => h('div', { class: 'b-context' }, b.elements.map((e) => (e.type === 'image' ? image(e, 'tiny') : h('span', {}, text(e, ctx))))),
  actions: (b, ctx) => h('div', { class: 'b-actions' }, b.elements.map((e) => element(e, b, ctx))),
  image: (b, ctx) => h('figure', {}, b.title && h('figcaption', {}, text(b.title, ctx)), image(b, 'picture')),
  rich_text: (b, ctx) => h('div', { class: 'b-rich' }, rich(b, ctx)),
  markdown: (b) => h('div', { class: 'b-markdown' }, markdown(b.text)),
  table, input,
};

/** renderBlocks draws blocks; a kind that is not known is left out. */
export function renderBlocks(list, ctx) {
  return h('div', { class: 'blocks' }, (list || []).map((b) => {
    const el = blocks[b.type]?.(b, ctx);
    if (el) el.dataset.block = b.block_id;
    return el;
  }));
}
