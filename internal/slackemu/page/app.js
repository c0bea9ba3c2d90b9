// The page as a whole. It asks the server for the workspace as one person sees it, at every change, and draws that.

import { h, sync, icon, avatar, announce } from './dom.js';
import { renderMessage, renderDay, follows, dayOf, use } from './message.js';
import { renderBlocks } from './blocks.js';
import { composer } from './composer.js';
import { mrkdwn } from './mrkdwn.js';
import { showModal } from './modal.js';
import { post, look, listen } from './server.js';

const $ = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);
const here = { as: params.get('as') || '', channel: '', thread: '', home: false };
let state = null;
const read = new Map(); // "person/channel" → the newest message seen there
const homeValues = new Map();

// --- where we are: the address has the person, the channel and the thread ---

function fromAddress() {
  const [channel = '', thread = ''] = decodeURIComponent(location.hash.slice(1)).split('/');
  Object.assign(here, { channel, thread });
}

function toAddress() {
  const query = here.as ? `?as=${encodeURIComponent(here.as)}` : location.search;
  history.replaceState(null, '', `${location.pathname}${query}#${here.channel}${here.thread ? '/' + here.thread : ''}`);
}

function go(to) {
  Object.assign(here, to);
  toAddress();
  if (to.channel || to.as) {
    $('frame').classList.remove('nav-open');
    drawn.clear();
  }
  return refresh();
}

function openThread(ts, write) {
  go({ thread: ts }).then(() => { if (write) writers.thread.focus(); });
}

function closeThread() {
  const from = here.thread;
  go({ thread: '' }).then(() => document.querySelector(`[data-ts="${CSS.escape(from)}"] .replies`)?.focus());
}

// --- asking, one request at a time ---

let asking = null;
let again = false;

function refresh() {
  if (asking) { again = true; return asking; }
  asking = (async () => {
    do {
      again = false;
      try {
        const asked = { as: here.as, channel: here.channel, thread: here.thread };
        const next = await look(asked);
        state = next;
        for (const key of ['as', 'channel']) if (here[key] === asked[key]) here[key] = next[key]; // unless somebody has gone elsewhere meanwhile
        if (here.as !== asked.as || here.channel !== asked.channel) toAddress();
        draw();
      } catch (e) {
        $('offline').hidden = false;
        console.warn(e);
      }
    } while (again);
    asking = null;
  })();
  return asking;
}

// --- drawing ---

const drawn = new Set(); // lists that were drawn since the place changed: they keep their scroll position

function namesOf(s) {
  const names = { [s.app.id]: s.app.name, USLACKBOT: 'Slackbot' };
  for (const p of s.people) names[p.id] = p.realName;
  for (const g of s.groups) names[g.id] = g.handle;
  for (const c of s.channels) names[c.id] = c.name;
  return names;
}

function draw() {
  const names = namesOf(state);
  const place = state.channels.find((c) => c.id === state.channel);
  const home = place.direct && here.home;
  document.title = `${place.direct ? state.app.name : place.name} – ${state.workspace}`;
  drawBar();
  drawSidebar();
  drawHead(place, home);
  if (home) drawHome(names);
  else drawList('list', 'scroll', state.messages, { names, openThread }, place);
  $('list').classList.toggle('as-home', home);
  $('composer').hidden = home || place.archived;
  writers.channel.place(place.direct ? `Message ${state.app.name}` : `Message #${place.name}`);
  const inThread = Boolean(state.thread) && !home;
  $('thread').hidden = !inThread;
  $('frame').classList.toggle('with-thread', inThread);
  if (inThread) {
    $('thread-place').textContent = place.direct ? state.app.name : `#${place.name}`;
    writers.thread.place('Reply…');
    drawList('thread-list', 'thread-scroll', state.replies, { names }, place);
  }
  showModal(state.modal || null, state.as, { names, use });
}

function drawBar() {
  $('bar').hidden = !state.banner && !state.controls.length;
  $('banner').textContent = state.banner;
  const hints = state.hints || [];
  $('tips').hidden = !hints.length;
  sync($('tips-list'), hints, (x) => x, () => 0, (x) => h('li', {}, mrkdwn(x, {})));
  sync($('controls'), state.controls, (c) => c.id, (c) => JSON.stringify(c), (c) => h('button', {
    class: `button ${c.style}`, type: 'button', disabled: !c.enabled || c.busy, 'aria-busy': c.busy ? 'true' : undefined, 'data-control': c.id, onclick: () => control(c),
  }, c.label));
}

async function control(c) {
  const answer = await post('control', { id: c.id });
  announce(answer.ok ? answer.said || `${c.label}: done.` : answer.error, !answer.ok);
}

function unread(c) {
  return c.latest && c.latest > (read.get(`${state.as}/${c.id}`) || '') && c.id !== state.channel;
}

function drawSidebar() {
  const seen = state.channels.find((c) => c.id === state.channel).latest;
  if (seen && document.visibilityState === 'visible') read.set(`${state.as}/${state.channel}`, seen);
  $('workspace').textContent = state.workspace;
  $('logo').textContent = state.workspace[0];
  const rows = [{ id: '#Channels', heading: true }, ...state.channels.filter((c) => !c.direct), { id: '#Apps', heading: true }, ...state.channels.filter((c) => c.direct)];
  sync($('places'), rows, (c) => c.id, (c) => JSON.stringify([c, unread(c), c.id === state.channel, c.direct && state.connected]), drawPlace);
  const me = state.people.find((p) => p.id === state.as);
  $('me').replaceChildren(avatar(me.id, me.realName));
  $('me-name').textContent = me.realName;
  sync($('as'), state.people, (p) => p.id, (p) => JSON.stringify([p, p.id === state.as]), (p) => h('option', { value: p.id, selected: p.id === state.as },
    p.title ? `${p.realName} (${p.title})` : p.realName));
  $('as').value = state.as;
}

function drawPlace(c) {
  if (c.heading) return h('h3', { class: 'heading' }, c.id.slice(1));
  const news = unread(c);
  const sign = c.direct ? [avatar(state.app.id, state.app.name, true), h('i', { class: state.connected ? 'presence on' : 'presence' })]
    : [c.private ? icon('M6 9V7a4 4 0 0 1 8 0v2M5 9h10v7H5z') : h('span', {}, '#')];
  const name = c.direct ? state.app.name : c.name;
  return h('button', { class: ['place', c.id === state.channel && 'here', news && 'unread'].filter(Boolean).join(' '), type: 'button', 'data-channel': c.id,
    'aria-current': c.id === state.channel ? 'page' : undefined, 'aria-label': name + (news ? ', unread' : '') + (c.direct && !state.connected ? ', not connected' : ''),
    onclick: () => go({ channel: c.id, thread: '', home: false }) },
  h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), h('span', { class: 'name' }, name), news && h('span', { class: 'dot', 'aria-hidden': 'true' }));
}

function drawHead(place, home) {
  $('title').replaceChildren(place.direct ? avatar(state.app.id, '', true) : place.private ? icon('M6 9V7a4 4 0 0 1 8 0v2M5 9h10v7H5z') : h('span', { class: 'sign' }, '#'),
    place.direct ? state.app.name : place.name);
  $('topic').textContent = place.archived ? 'This channel is archived.' : place.topic || (place.direct && !state.connected ? 'The app is not connected.' : '');
  $('tabs').hidden = !place.direct;
  const tab = (label, on, to) => h('button', { type: 'button', role: 'tab', 'aria-selected': String(on), onclick: to }, label);
  if (place.direct) {
    sync($('tabs'), [['Home', home], ['Messages', !home]], ([l]) => l, ([, on]) => on, ([label, on]) => tab(label, on, () => {
      if (label === 'Home') post('home', { as: here.as });
      drawn.clear();
      go({ home: label === 'Home', thread: '' });
    }));
  }
}

function drawHome(names) {
  const view = state.home;
  const ctx = { names, values: homeValues, errors: {}, act: (el, block, value, node) => use({ as: state.as, view: view.id }, el, block, value, node, homeValues) };
  sync($('list'), [view], () => 'home', (v) => (v ? v.rev : 'none'), (v) => h('div', { class: 'home' }, v ? renderBlocks(v.blocks, ctx) : h('p', { class: 'empty' }, 'Nothing here yet.')));
  atEnd.scroll = false;
  if (!drawn.has('home')) $('scroll').scrollTop = 0;
  drawn.add('home');
}

/** rows are messages with the lines between days, each told whether it follows its neighbour. */
function rows(messages) {
  const out = [];
  messages.forEach((m, i) => {
    const before = messages[i - 1];
    if (!before || dayOf(before) !== dayOf(m)) out.push({ key: 'day ' + dayOf(m), day: true, m });
    out.push({ key: m.ts, m: { ...m, compact: follows(m, before) } });
  });
  return out;
}

const atEnd = {}; // whether a list was last scrolled to its end: there it stays, however it grows or wraps

function toEnd(scrollID) {
  if (atEnd[scrollID]) $(scrollID).scrollTop = $(scrollID).scrollHeight;
}

function drawList(listID, scrollID, messages, env, place) {
  const scroll = $(scrollID);
  const mark = `${scrollID} ${state.thread || ''}`;
  const fresh = listID === 'list' ? !drawn.has('list') : !drawn.has(mark);
  const all = { ...env, as: state.as, channel: state.channel, app: state.app.id, shortcuts: state.shortcuts };
  const items = messages.length || listID !== 'list' ? rows(messages) : [{ key: 'empty' }];
  sync($(listID), items, (r) => `${state.as} ${state.channel} ${r.key}`, (r) => (r.day || !r.m ? 0 : `${r.m.rev} ${r.m.compact} ${r.m.replies || 0}`),
    (r) => (!r.m ? h('p', { class: 'empty' }, place.direct ? `This is your conversation with ${state.app.name}.` : `This is the very beginning of #${place.name}. Try “${state.commands[0]?.name || '/help'} help”.`)
      : r.day ? renderDay(r.m) : renderMessage(r.m, all)));
  if (fresh) atEnd[scrollID] = true;
  toEnd(scrollID);
  drawn.add(listID === 'list' ? 'list' : mark);
}

// --- beginning ---

for (const id of ['scroll', 'thread-scroll']) {
  const scroll = $(id);
  scroll.addEventListener('scroll', () => { atEnd[id] = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80; });
  const grown = new ResizeObserver(() => toEnd(id));
  grown.observe(scroll);
  grown.observe(scroll.firstElementChild);
}

const writers = {
  channel: composer($('composer'), 'write', () => ({ state, channel: state.channel, thread: '' })),
  thread: composer($('thread-composer'), 'write-reply', () => ({ state, channel: state.channel, thread: state.thread })),
};
$('as').addEventListener('change', (e) => {
  const direct = state.channels.find((c) => c.id === state.channel).direct;
  if (direct && here.home) post('home', { as: e.target.value });
  go({ as: e.target.value, ...(direct ? { channel: `D${e.target.value}`, thread: '' } : {}) });
});
$('thread-close').addEventListener('click', closeThread);
$('nav').addEventListener('click', () => { $('frame').classList.add('nav-open'); $('places').querySelector('.here')?.focus(); });
document.addEventListener('keydown', (e) => { if (e.key === 'Escape' && here.thread && !document.querySelector('dialog[open]')) closeThread(); });
window.addEventListener('hashchange', () => { fromAddress(); drawn.clear(); refresh(); });
document.addEventListener('click', (e) => { if (!e.target.closest('#tips')) $('tips').open = false; });
document.addEventListener('visibilitychange', refresh);
fromAddress();
listen(refresh, (there) => { $('offline').hidden = there; if (there) refresh(); });
refresh();
