// The Markdown of markdown blocks: headings, lists, quotes, code, tables, links and emphasis.

import { h } from './dom.js';
import { emojify } from './emoji.js';
import { link } from './mrkdwn.js';

const marks = new RegExp([
  /`([^`\n]+)`/, /\*\*(.+?)\*\*/, /(?<![\w*])\*(?=\S)(.+?)\*(?!\w)/, /(?<!\w)_(?=\S)(.+?)_(?!\w)/, /~~(.+?)~~/,
  /\[([^\]]+)\]\(([^)\s]+)\)/,
].map((r) => r.source).join('|'), 'g');

function inline(text) {
  const out = [];
  let at = 0;
  for (const m of text.matchAll(marks)) {
    const [all, code, bold, star, under, strike, label, url] = m;
    out.push(emojify(text.slice(at, m.index)));
    if (code !== undefined) out.push(h('code', {}, code));
    else if (bold !== undefined) out.push(h('b', {}, inline(bold)));
    else if (strike !== undefined) out.push(h('s', {}, inline(strike)));
    else if (label !== undefined) out.push(link(url, label));
    else out.push(h('i', {}, inline(star ?? under)));
    at = m.index + all.length;
  }
  out.push(emojify(text.slice(at)));
  return out.filter((n) => n !== '');
}

const cells = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((c) => c.trim());

// Each rule takes lines from the front when it applies, and returns what they become.
const rules = [
  (ls) => {
    if (!ls[0].startsWith('```')) return null;
    let end = ls.findIndex((l, i) => i > 0 && l.startsWith('```'));
    if (end < 0) end = ls.length;
    const body = ls.splice(0, end + 1).slice(1, end);
    return h('pre', { tabIndex: 0 }, body.join('\n'));
  },
  (ls) => {
    const m = ls[0].match(/^(#{1,6})\s+(.*)$/);
    return m && ls.shift() !== undefined ? h(m[1].length < 3 ? 'h3' : 'h4', {}, inline(m[2])) : null;
  },
  (ls) => (/^\s*(---+|\*\*\*+)\s*$/.test(ls[0]) && ls.shift() !== undefined ? h('hr') : null),
  (ls) => {
    if (!ls[0].includes('|') || !/^\s*\|?[\s:|-]+\|?\s*$/.test(ls[1] || '') || !ls[1].includes('-')) return null;
    const rows = [cells(ls.shift())];
    ls.shift();
    while (ls.length && ls[0].includes('|')) rows.push(cells(ls.shift()));
    return h('div', { class: 'table', tabIndex: 0 }, h('table', {}, rows.map((r, i) => h('tr', {}, r.map((c) => h(i ? 'td' : 'th', {}, inline(c)))))));
  },
  (ls) => {
    if (!ls[0].startsWith('>')) return null;
    const q = h('blockquote');
    while (ls.length && ls[0].startsWith('>')) q.append(h('div', {}, inline(ls.shift().replace(/^>\s?/, ''))));
    return q;
  },
  (ls) => {
    const m = ls[0].match(/^\s*([-*+]|\d+\.)\s+/);
    if (!m) return null;
    const el = h(/\d/.test(m[1]) ? 'ol' : 'ul');
    for (let n; ls.length && (n = ls[0].match(/^(\s*)([-*+]|\d+\.)\s+(.*)$/));) {
      ls.shift();
      el.append(h('li', { class: n[1].length > 1 ? 'deep' : undefined }, inline(n[3])));
    }
    return el;
  },
];

/** markdown is a text's nodes. */
export function markdown(text) {
  const ls = text.split('\n');
  const out = [];
  while (ls.length) {
    if (!ls[0].trim()) { ls.shift(); continue; }
    let node = null;
    for (const rule of rules) if ((node = rule(ls))) break;
    out.push(node || h('p', {}, inline(ls.shift())));
  }
  return out;
}
