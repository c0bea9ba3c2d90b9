// Slack's mrkdwn, as nodes.

import { h } from './dom.js';
import { emoji } from './emoji.js';
import { slackDate, full } from './time.js';

const unescape = (s) => s.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** link is an anchor, for web and mail addresses only; anything else stays text. */
export function link(url, label) {
  const href = unescape(url);
  if (!/^(https?:|mailto:)/i.test(href)) return document.createTextNode(label || href);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, label || href);
}

/** mention is a person, the app or a channel by id. */
export function mention(id, names, sign = '@') {
  return h('span', { class: 'mention' }, sign + (names[id] || id));
}

function special(body, names) {
  const bar = body.indexOf('|');
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? '' : unescape(body.slice(bar + 1));
  if (target.startsWith('@')) return mention(target.slice(1), names);
  if (target.startsWith('#')) return mention(target.slice(1), names, '#');
  if (target.startsWith('!date^')) {
    const [, seconds, format, url] = target.split('^');
    const text = slackDate(seconds, unescape(format || '')) ?? label;
    return url ? link(url, text) : h('time', { title: full(seconds) }, text);
  }
  if (target.startsWith('!subteam^') && !label) return mention(target.slice('!subteam^'.length), names);
  if (target.startsWith('!')) return h('span', { class: 'mention' }, '@' + (label || target.slice(1)));
  return link(target, label);
}

const tokens = new RegExp([
  /`([^`\n]+)`/, /<([^<>\n]+)>/, /(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])/, /(?<!\w)_(?=\S)([^_\n]*?\S)_(?!\w)/,
  /(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])/, /:([a-z0-9_+-]+):/,
].map((r) => r.source).join('|'), 'g');

/** inline is a run of text with marks in it. */
export function inline(text, names) {
  const out = [];
  let at = 0;
  for (const m of text.matchAll(tokens)) {
    const [all, code, angle, bold, italic, strike, short] = m;
    let node;
    if (code !== undefined) node = h('code', {}, unescape(code));
    else if (angle !== undefined) node = special(angle, names);
    else if (bold !== undefined) node = h('b', {}, inline(bold, names));
    else if (italic !== undefined) node = h('i', {}, inline(italic, names));
    else if (strike !== undefined) node = h('s', {}, inline(strike, names));
    else node = emoji(short) ? h('span', { class: 'emoji', title: `:${short}:` }, emoji(short)) : null;
    if (!node) continue;
    out.push(unescape(text.slice(at, m.index)), node);
    at = m.index + all.length;
  }
  out.push(unescape(text.slice(at)));
  return out.filter((n) => n !== '');
}

/** lines are text outside code blocks: quotes and bullets stand by themselves, the rest flows. */
function lines(text, names) {
  const out = [];
  let quote = null;
  let rest = false;
  for (const line of text.split('\n')) {
    const q = rest ? [line, '', line] : line.match(/^(?:&gt;|>)((?:&gt;|>){2})?\s?(.*)$/);
    if (q) {
      rest ||= Boolean(q[1]);
      if (!quote) out.push(quote = h('blockquote'));
      quote.append(h('div', {}, inline(q[2], names), q[2] ? '' : h('br')));
      continue;
    }
    quote = null;
    const bullet = line.match(/^(\s*)([•◦▪‣]|\d+\.)\s+(.*)$/);
    if (bullet) out.push(h('div', { class: bullet[1].length > 1 ? 'bullet deep' : 'bullet' }, h('span', {}, bullet[2]), h('span', {}, inline(bullet[3], names))));
    else out.push(h('div', { class: line.trim() ? 'line' : 'line gap' }, inline(line, names)));
  }
  return out;
}

/** mrkdwn is a text with blocks of code, quotes, bullets and marks. */
export function mrkdwn(text, names) {
  const out = [];
  for (const [i, part] of text.split('```').entries()) {
    const closed = i % 2 === 1;
    if (closed) out.push(h('pre', { tabIndex: 0 }, unescape(part.replace(/^\n/, '').replace(/\n$/, ''))));
    else {
      const trimmed = (i > 0 ? part.replace(/^\n/, '') : part).replace(/\n$/, '');
      if (trimmed) out.push(...lines(trimmed, names));
    }
  }
  return out;
}
