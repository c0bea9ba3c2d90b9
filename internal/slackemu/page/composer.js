// The box one types in, with hints for commands and mentions.

import { h, icon, avatar, announce } from './dom.js';
import { post } from './server.js';

/** commandHints are the commands that begin with what was typed, or the usage of the one that was. */
function commandHints(text, state) {
  if (!text.startsWith('/')) return [];
  const [name, ...rest] = text.split(/\s/);
  const whole = rest.length > 0;
  return state.commands.filter((c) => (whole ? c.name === name : c.name.startsWith(name))).map((c) => ({
    insert: whole ? null : `${c.name} `, title: c.name, hint: c.hint, detail: c.description, app: true,
  }));
}

/** mentionHints are the people whose name begins with what follows the last @. */
function mentionHints(text, state) {
  const m = text.match(/(^|\s)@(\w*)$/);
  if (!m) return [];
  const all = [{ id: state.app.id, handle: state.app.handle, name: state.app.name, app: true },
    ...state.people.map((p) => ({ id: p.id, handle: p.name, name: p.realName }))];
  const start = m[2].toLowerCase();
  return all.filter((p) => p.handle.startsWith(start) || p.name.toLowerCase().startsWith(start)).slice(0, 6)
    .map((p) => ({ insert: `${text.slice(0, m.index)}${m[1]}@${p.handle} `, title: p.name, hint: `@${p.handle}`, id: p.id, app: p.app }));
}

/**
 * composer makes one in a container. where() is the state, the channel and the thread it writes to. The result has
 * place(text), which sets the placeholder, and focus().
 */
export function composer(container, id, where) {
  const list = h('div', { class: 'hints', id: `${id}-hints`, role: 'listbox', 'aria-label': 'Suggestions', hidden: true });
  const box = h('textarea', { id, rows: 1, 'aria-autocomplete': 'list', 'aria-controls': list.id, autocomplete: 'off', maxLength: 12000 });
  const send = h('button', { class: 'send', type: 'submit', 'aria-label': 'Send', disabled: true }, icon('M3 3.5l14 6.5-14 6.5 2-6.5z'));
  let hints = [];
  let chosen = 0;

  const fit = () => {
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, 220)}px`;
    send.disabled = !box.value.trim();
  };
  const mark = () => {
    [...list.children].forEach((el, i) => el.setAttribute('aria-selected', String(i === chosen)));
    const active = list.children[chosen];
    if (active && !list.hidden) box.setAttribute('aria-activedescendant', active.id); else box.removeAttribute('aria-activedescendant');
  };
  const suggest = () => {
    const { state } = where();
    hints = [...commandHints(box.value, state), ...mentionHints(box.value, state)];
    chosen = 0;
    list.replaceChildren(...hints.map((x, i) => h('div', { role: 'option', id: `${id}-hint-${i}`, class: 'hint-row', onmousedown: (e) => { e.preventDefault(); take(x); } },
      avatar(x.id || state.app.id, x.title, x.app), h('span', {}, h('b', {}, x.title), ' ', h('span', { class: 'usage' }, x.hint), x.detail && h('small', {}, x.detail)))));
    list.hidden = hints.length === 0;
    mark();
  };
  const take = (x) => {
    if (x.insert === null) return;
    box.value = x.insert;
    box.focus();
    fit();
    suggest();
  };
  const submit = async () => {
    const text = box.value.trim();
    if (!text) return;
    const { state, channel, thread } = where();
    box.value = '';
    fit();
    suggest();
    const answer = await post('send', { as: state.as, channel, thread, text });
    if (answer.ok || answer.timeout || text.startsWith('/')) return; // a command's failure is said in the conversation
    if (!box.value) box.value = text;
    fit();
    announce(answer.error, true);
  };
  const keys = {
    ArrowDown: () => { chosen = (chosen + 1) % hints.length; mark(); },
    ArrowUp: () => { chosen = (chosen + hints.length - 1) % hints.length; mark(); },
    Tab: () => take(hints[chosen]),
    Escape: () => { list.hidden = true; mark(); },
  };
  box.addEventListener('input', () => { fit(); suggest(); });
  box.addEventListener('blur', () => { list.hidden = true; });
  box.addEventListener('focus', suggest);
  let plainEnter = false; // some keyboards insert the line break although its key was dealt with
  box.addEventListener('beforeinput', (e) => { if (plainEnter && e.inputType === 'insertLineBreak') e.preventDefault(); });
  box.addEventListener('keydown', (e) => {
    plainEnter = e.key === 'Enter' && !e.shiftKey && !e.isComposing;
    const open = !list.hidden && hints.some((x) => x.insert !== null);
    if (open && keys[e.key] && !e.shiftKey) {
      e.preventDefault();
      e.stopPropagation();
      keys[e.key]();
    } else if (plainEnter) {
      e.preventDefault();
      // A name that was not typed out is completed first; a whole one is sent.
      const x = hints[chosen];
      if (open && x.insert !== null && x.insert.trim() !== box.value.trim()) take(x); else submit();
    }
  });
  container.replaceChildren(h('form', { class: 'composer', onsubmit: (e) => { e.preventDefault(); submit(); } }, list, box,
    h('div', { class: 'composer-foot' }, h('button', { class: 'plain', type: 'button', 'aria-label': 'Type a command', title: 'Commands', onclick: () => { box.value = '/'; box.focus(); fit(); suggest(); } }, icon('M12.5 3.5l-5 13')),
      h('button', { class: 'plain', type: 'button', 'aria-label': 'Mention somebody', title: 'Mention', onclick: () => { box.value += box.value && !box.value.endsWith(' ') ? ' @' : '@'; box.focus(); fit(); suggest(); } }, icon('M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0v1.2a2 2 0 0 0 4 0V10a7 7 0 1 0-3 5.7')), send)));
  return {
    place: (text) => { box.placeholder = text; box.setAttribute('aria-label', text); },
    focus: () => box.focus(),
  };
}
