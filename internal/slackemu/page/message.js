// Messages: who, when, what, and what hangs below.

import { h, icon, avatar, announce } from './dom.js';
import { renderBlocks } from './blocks.js';
import { mrkdwn } from './mrkdwn.js';
import { emojify } from './emoji.js';
import { clock, full, day, dateOf, ago } from './time.js';
import { confirmed } from './modal.js';
import { post } from './server.js';

const entered = new Map(); // message timestamp → Map of what was chosen in it

function valuesOf(ts) {
  if (!entered.has(ts)) entered.set(ts, new Map());
  return entered.get(ts);
}

/** use sends the use of an element, after its confirm dialog; the element shows that it is on its way. */
export async function use(request, el, block, value, node, values) {
  if (el.confirm && !(await confirmed(el.confirm))) return;
  node.setAttribute('aria-busy', 'true');
  node.classList.remove('failed');
  const answer = await post('press', { ...request, block: block.block_id, action: el.action_id, value, values: Object.fromEntries(values) });
  node.removeAttribute('aria-busy');
  if (answer.ok) return;
  node.classList.add('failed');
  announce(answer.timeout ? 'The app did not respond. Try again in a moment.' : answer.error, true);
}

function body(m, env) {
  if (!m.blocks?.length) return h('div', { class: 'text' }, mrkdwn(m.text, env.names));
  const values = valuesOf(m.ts);
  const ctx = {
    names: env.names, values, errors: {},
    act: (el, block, value, node) => use({ as: env.as, channel: env.channel, ts: m.ts }, el, block, value, node, values),
  };
  return renderBlocks(m.blocks, ctx);
}

/** attachment is what another app hangs on its message: a title, a text, short facts. */
function attachment(a, env) {
  const title = a.title && (/^https?:/i.test(a.title_link || '') ? h('a', { href: a.title_link, target: '_blank', rel: 'noopener noreferrer' }, a.title) : a.title);
  const fields = (a.fields || []).map((f) => h('div', { class: f.short ? 'fact short' : 'fact' }, h('b', {}, f.title), h('div', {}, mrkdwn(f.value || '', env.names))));
  return h('div', { class: `attachment ${/^[a-z]+$/.test(a.color || '') ? a.color : ''}` }, a.pretext && h('div', {}, mrkdwn(a.pretext, env.names)),
    title && h('b', {}, title), h('div', { class: 'text' }, mrkdwn(a.text || (title || fields.length ? '' : a.fallback || ''), env.names)), fields.length ? h('div', { class: 'facts' }, fields) : null,
    a.footer && h('small', {}, a.footer));
}

/** menu is what the app offers on any message. */
function menu(m, env) {
  const run = async (s) => {
    close();
    const answer = await post('shortcut', { as: env.as, channel: env.channel, ts: m.ts, id: s.id });
    if (!answer.ok) announce(answer.timeout ? 'The app did not respond. Try again in a moment.' : answer.error, true);
  };
  const list = h('div', { class: 'menu', role: 'menu', hidden: true }, env.shortcuts.map((s) => h('button', { type: 'button', role: 'menuitem', 'data-shortcut': s.id, onclick: () => run(s) }, s.name)));
  const opener = h('button', { class: 'plain', type: 'button', 'aria-label': 'More actions', title: 'More actions', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-menu': m.ts,
    onclick: () => { list.hidden = !list.hidden; opener.setAttribute('aria-expanded', String(!list.hidden)); if (!list.hidden) list.firstElementChild.focus(); } }, icon('M4 10h.01M10 10h.01M16 10h.01'));
  const close = () => { list.hidden = true; opener.setAttribute('aria-expanded', 'false'); };
  return h('span', { class: 'overflow', onkeydown: (e) => { if (e.key === 'Escape') { e.stopPropagation(); close(); opener.focus(); } },
    onfocusout: (e) => { if (!e.currentTarget.contains(e.relatedTarget)) close(); } }, opener, list);
}

function file(f) {
  const href = `files/${encodeURIComponent(f.id)}/${encodeURIComponent(f.name)}`;
  if (/^image\/(png|jpeg|gif|webp)$/.test(f.mimetype)) {
    return h('a', { class: 'file-picture', href, target: '_blank' }, h('img', { src: href, alt: f.alt_txt || f.title, loading: 'lazy' }));
  }
  const size = f.size < 2048 ? `${f.size} bytes` : `${Math.round(f.size / 1024)} kB`;
  return h('a', { class: 'file', href, target: '_blank' }, h('span', { class: 'file-sign' }, icon('M6 2.5h6l4 4v11H6zM12 2.5v4h4')),
    h('span', {}, h('b', {}, f.title || f.name), h('small', {}, `${f.name} · ${size}`)));
}

function replies(m, env) {
  const faces = (m.repliers || []).slice(0, 4).map((id) => avatar(id, env.names[id] || id, id === env.app));
  return h('button', { class: 'replies', type: 'button', onclick: () => env.openThread(m.ts) }, faces,
    h('b', {}, `${m.replies} ${m.replies === 1 ? 'reply' : 'replies'}`), h('small', {}, `Last reply ${ago(dateOf(m.latestReply))}`));
}

/** follows says that a message is by the same author and soon after, so that it needs no head of its own. */
export function follows(m, before) {
  return Boolean(before) && before.user === m.user && before.ephemeral === m.ephemeral && !before.replies && !m.tombstone
    && parseFloat(m.ts) - parseFloat(before.ts) < 300 && dayOf(m) === dayOf(before);
}

export const dayOf = (m) => dateOf(m.ts).toDateString();

/** renderDay is the line between two days. */
export const renderDay = (m) => h('div', { class: 'day', role: 'separator' }, h('span', {}, day(dateOf(m.ts))));

/** renderMessage draws one message; env says where and for whom. */
export function renderMessage(m, env) {
  const when = h('time', { title: full(m.ts) }, clock(m.ts));
  const head = h('div', { class: 'who' }, h('b', {}, m.name), m.app && h('span', { class: 'app-tag' }, 'APP'), when);
  return h('article', {
    class: ['message', m.compact && 'compact', m.ephemeral && 'ephemeral', m.tombstone && 'tombstone'].filter(Boolean).join(' '),
    'aria-label': `${m.name}, ${clock(m.ts)}${m.ephemeral ? ', only visible to you' : ''}`, 'data-ts': m.ts,
  },
  m.ephemeral && h('div', { class: 'only-you' }, icon('M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 7.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4'), 'Only visible to you'),
  h('div', { class: 'gutter' }, m.compact ? h('span', { class: 'small-time', title: full(m.ts) }, clock(m.ts).replace(/\s?[AP]M/i, '')) : avatar(m.user, m.name, m.app && !m.other)),
  h('div', { class: 'content' }, !m.compact && head, body(m, env), m.edited && h('span', { class: 'edited', title: 'This message was changed' }, '(edited)'),
    (m.attachments || []).map((a) => attachment(a, env)),
    m.files?.length ? h('div', { class: 'files' }, m.files.map(file)) : null,
    m.reactions?.length ? h('div', { class: 'reactions' }, m.reactions.map((r) => h('span', { title: r.users.map((u) => env.names[u] || u).join(', ') }, emojify(`:${r.name}:`), ` ${r.users.length}`))) : null,
    m.replies && env.openThread ? replies(m, env) : null),
  !m.ephemeral && !m.tombstone && h('div', { class: 'hover' },
    env.openThread && h('button', { class: 'plain reply', type: 'button', 'aria-label': 'Reply in thread', title: 'Reply in thread', onclick: () => env.openThread(m.ts, true) }, icon('M3 4h14v9H9l-4 3.5V13H3z')),
    env.shortcuts?.length ? menu(m, env) : null));
}
